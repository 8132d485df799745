package bench

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os/exec"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/licethq/licet/internal/httpserver"
	"github.com/licethq/licet/licensefile"
)

// trustPath is where a baseline gives its root.
const trustPath = "/bench/trust"

// baseline answers every request as a license without knowing anything.
type baseline struct {
	signer *licensefile.Signer
	trust  []byte
	grant  licensefile.Grant
}

// ServeBaseline serves the HTTP stack of the server with an exchange that only
// opens the signed request and signs a license, with keys of its own, until ctx
// is done. Nothing is stored, so the rate of the real exchange relative to this
// is what the rules and the database cost.
func ServeBaseline(ctx context.Context, listen string, log *slog.Logger) error {
	b, err := newBaseline()
	if err != nil {
		return err
	}
	s, err := httpserver.New(httpserver.Config{Listen: listen, Logger: log})
	if err != nil {
		return err
	}
	s.HandleFunc("POST /exchange/v1", b.exchange)
	s.Quiet("POST /exchange/v1")
	s.HandleFunc("GET "+trustPath, func(w http.ResponseWriter, _ *http.Request) { w.Write(b.trust) })
	return s.Run(ctx)
}

func newBaseline() (*baseline, error) {
	publisher := "urn:uuid:" + uuid.NewString()
	_, root, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	from := time.Now().Add(-time.Hour)
	rootDER, err := licensefile.NewRoot(publisher, "Example Software", root, from, from.AddDate(20, 0, 0), rand.Reader)
	if err != nil {
		return nil, err
	}
	certificate, err := licensefile.NewSigningCertificate(rootDER, root, public, from, from.AddDate(12, 0, 0), rand.Reader)
	if err != nil {
		return nil, err
	}
	signer, err := licensefile.NewSigner(certificate, key)
	if err != nil {
		return nil, err
	}
	return &baseline{signer: signer, trust: licensefile.TrustPEM(rootDER), grant: sampleGrant()}, nil
}

// sampleGrant is as large as what a server grants.
func sampleGrant() licensefile.Grant {
	maximum, unused := int64(100), int64(60)
	end := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	return licensefile.Grant{
		Key: "••••-WXYZ", KeyKind: "primary", Product: "Device Management", Plan: "Desktop, one year",
		LicenseType: "desktop", TypeName: "Desktop", Metric: usageMetric, Model: "subscription",
		Site: licensefile.Site{ID: uuid.Nil.String(), Name: "Headquarters"}, Organization: "Example Company",
		Method: licensefile.Online, IssueDate: "2026-01-01", EndDate: "2098-12-31", End: &end,
		Maximum: &maximum, Used: 40, Unused: &unused,
		Policy: licensefile.Policy{
			OverLimit: licensefile.OverLimitNotify, WarnPercent: 90,
			RefreshEvery: 86400, ReportEvery: 604800, CheckInEvery: 86400,
		},
	}
}

// exchange opens a request and answers it with a license, as the server would.
func (b *baseline) exchange(w http.ResponseWriter, r *http.Request) {
	body, err := httpserver.ReadBody(w, r, licensefile.MaxSize)
	if err != nil {
		httpserver.Problem(w, r, err)
		return
	}
	signed, err := licensefile.OpenRequest(string(body), b.signer.Publisher())
	if err != nil {
		httpserver.Problem(w, r, err)
		return
	}
	answer, err := b.answer(signed, time.Now())
	if err != nil {
		httpserver.Problem(w, r, err)
		return
	}
	w.Header()["Content-Type"] = []string{"application/jose"}
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(answer))}
	w.Write([]byte(answer))
}

func (b *baseline) answer(signed *licensefile.SignedRequest, now time.Time) (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return licensefile.SealLicense(licensefile.License{
		Issuer:   b.signer.Publisher(),
		Subject:  uuid.Nil.String(),
		Audience: signed.Request.About.Product,
		IssuedAt: licensefile.At(now),
		Expires:  licensefile.At(now.Add(lease)),
		ID:       id.String(),
		Serial:   signed.Request.Previous + 1,
		Confirm:  licensefile.Confirmation{Thumbprint: signed.Thumbprint},
		Grant:    b.grant,
	}, b.signer)
}

// startBaseline runs ServeBaseline in a process of its own, through the hidden
// command of the binary, and gives what checks its answers.
func startBaseline(ctx context.Context, binary string, like Publisher) (*Process, checker, error) {
	p, err := StartProcess(ctx, exec.CommandContext(ctx, binary, "bench-baseline", "--listen", "127.0.0.1:0"))
	if err != nil {
		return nil, checker{}, err
	}
	trust, err := fetchTrust(ctx, p.Address)
	if err != nil {
		return p, checker{}, err
	}
	like.ID = trust.Publishers()[0]
	return p, checker{trust: trust, publisher: like}, nil
}

// fetchTrust reads the root that a baseline made for itself.
func fetchTrust(ctx context.Context, address string) (*licensefile.Trust, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+trustPath, http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := (&http.Client{Timeout: answerLimit}).Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	pem, err := io.ReadAll(io.LimitReader(answer.Body, answerSize))
	if err != nil {
		return nil, err
	}
	return licensefile.ParseTrust(pem)
}
