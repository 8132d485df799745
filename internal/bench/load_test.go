package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/licethq/licet/licensefile"
)

// nobody is a publisher that is asked but never answers well.
var nobody = Publisher{ID: "urn:uuid:00000000-0000-4000-8000-000000000000", Product: "device-management", LicenseType: "desktop"}

// twin serves a baseline and gives the load's side of it.
func twin(t *testing.T) (address string, p Publisher, c checker) {
	t.Helper()
	b, err := newBaseline()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /exchange/v1", b.exchange)
	mux.HandleFunc("GET "+trustPath, func(w http.ResponseWriter, _ *http.Request) { w.Write(b.trust) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	address = strings.TrimPrefix(server.URL, "http://")
	trust, err := fetchTrust(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	p = Publisher{ID: trust.Publishers()[0], Product: "device-management", LicenseType: "desktop"}
	return address, p, checker{trust: trust, publisher: p}
}

func newTestLoad(t *testing.T, address string, clients int) *load {
	t.Helper()
	l, err := newLoad(t.Context(), address, clients)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func TestARowsRequestsStayInOrderOverSeveralRuns(t *testing.T) {
	address, p, check := twin(t)
	l := newTestLoad(t, address, 3)
	source, err := newRows(3, 2, address, p, (*Installation).CheckIn)
	if err != nil {
		t.Fatal(err)
	}
	var answers int64
	for _, ahead := range []int{12, 0, 300} { // more, fewer and far more than are asked for
		if err := source.prepare(t.Context(), ahead); err != nil {
			t.Fatal(err)
		}
		m, samples, err := l.run(t.Context(), source, 30*time.Millisecond)
		if err != nil || m.errors != 0 {
			t.Fatalf("run with %d requests signed ahead: %d errors, first %v", ahead, m.errors, err)
		}
		if wrong, err := check.all(samples); wrong != 0 || len(samples) == 0 {
			t.Errorf("%d of %d samples are wrong, first %v", wrong, len(samples), err)
		}
		answers += m.answers
	}
	var sequences int64
	for _, row := range source.all() {
		sequences += row.sequence
	}
	for _, c := range source.clients {
		sequences -= int64(len(c.queue))
	}
	if sequences != answers {
		t.Errorf("%d requests were sent of %d answered", sequences, answers)
	}
}

func TestAnActivationUsesAKeyOfItsOwn(t *testing.T) {
	address, p, _ := twin(t)
	l := newTestLoad(t, address, 4)
	issued := 0
	source := &activations{
		address: address,
		keys: func(_ context.Context, n int) ([]string, error) {
			keys := make([]string, n)
			for i := range keys {
				issued++
				keys[i] = fmt.Sprintf("KEY%04d", issued)
			}
			return keys, nil
		},
		fresh: func() (*Installation, error) { return NewInstallation(p, rand.Reader, time.Now) },
	}
	if err := source.prepare(t.Context(), 50); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, i := range source.items {
		asked, err := licensefile.OpenRequest(i.request, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		seen[asked.Request.Key+" "+asked.Thumbprint] = true
	}
	m, _, err := l.run(t.Context(), source, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != 50 || m.answers != 50 {
		t.Errorf("%d keys with an installation each and %d answers, want 50 of both", len(seen), m.answers)
	}
	if err := source.prepare(t.Context(), 20); err != nil || len(source.items) != 20 || issued != 70 {
		t.Errorf("the next run: error %v, %d requests, %d keys issued; want none, 20, 70", err, len(source.items), issued)
	}
}

func TestAWrongAnswerIsAnError(t *testing.T) {
	answers := map[string]http.HandlerFunc{
		"a problem":    func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "{}", http.StatusConflict) },
		"no signature": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("thanks")) },
		"another serial": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte("e30.eyJzZXJpYWwiOjc3Nzc3fQ.c2ln")) // {"serial":77777}
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(answer)
			defer server.Close()
			address := strings.TrimPrefix(server.URL, "http://")
			source, err := newRows(1, 1, address, nobody, (*Installation).CheckIn)
			if err != nil {
				t.Fatal(err)
			}
			m, samples, err := newTestLoad(t, address, 1).run(t.Context(), source, time.Minute)
			if err == nil || m.errors != errorsMost || m.errors != m.answers || len(samples) != 0 {
				t.Errorf("run = %d errors of %d answers, %d samples, error %v; want all wrong", m.errors, m.answers, len(samples), err)
			}
		})
	}
}

func TestASampleThatAnInstallationWouldRefuseIsCounted(t *testing.T) {
	address, p, check := twin(t)
	_, stranger, _ := twin(t)
	source, err := newRows(1, 1, address, p, (*Installation).CheckIn)
	if err != nil {
		t.Fatal(err)
	}
	_, samples, err := newTestLoad(t, address, 1).run(t.Context(), source, 20*time.Millisecond)
	if err != nil || len(samples) == 0 {
		t.Fatalf("run: %d samples, error %v", len(samples), err)
	}
	cases := map[string]func(*checker, *sample){
		"another root":     func(c *checker, _ *sample) { c.trust = &licensefile.Trust{} },
		"another product":  func(c *checker, _ *sample) { c.publisher.Product = "other" },
		"another type":     func(c *checker, _ *sample) { c.publisher.LicenseType = "mobile" },
		"another issuer":   func(c *checker, _ *sample) { c.publisher.ID = stranger.ID },
		"a repeated one":   func(_ *checker, s *sample) { s.item.serial++ },
		"a higher one":     func(_ *checker, s *sample) { s.item.serial-- },
		"another's":        func(_ *checker, s *sample) { s.item.row = &Installation{thumb: "somebody"} },
		"a changed answer": func(_ *checker, s *sample) { s.answer = strings.Replace(s.answer, ".", ".A", 1) },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			c, s := check, samples[0]
			change(&c, &s)
			if wrong, err := c.all([]sample{s}); wrong != 1 || err == nil {
				t.Errorf("all = %d, %v; want 1 and the fault", wrong, err)
			}
		})
	}
}

func TestALostConnectionIsAnErrorAndEndsItsClient(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	source, err := newRows(1, 1, address, nobody, (*Installation).CheckIn)
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := newTestLoad(t, address, 1).run(t.Context(), source, time.Minute)
	if err == nil || m.errors != 1 {
		t.Errorf("run = %d errors, %v; want 1", m.errors, err)
	}
}

func TestACanceledRunEndsAtOnce(t *testing.T) {
	address, p, _ := twin(t)
	l := newTestLoad(t, address, 2)
	source, err := newRows(2, 1, address, p, (*Installation).CheckIn)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := l.run(ctx, source, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("run = %v, want canceled", err)
	}
}
