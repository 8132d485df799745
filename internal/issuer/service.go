package issuer

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/seal"
	"github.com/licethq/licet/licensefile"
)

// Purposes of sealed values.
const (
	purposeRootKey    = "issuer root key"
	purposeSigningKey = "issuer signing key"
	purposeCheck      = "issuer master key check"
)

// checkText is sealed at first start; whoever opens it holds the master key.
var checkText = []byte("licet master key check")

// errChanged says that another process changed the publisher's keys meanwhile.
var errChanged = errors.New("the publisher's keys changed meanwhile")

// attempts bounds how often a change starts over when others interfere.
const attempts = 5

// Service signs for the publisher and looks after its keys.
type Service struct {
	DB      *database.DB
	Keyring *seal.Keyring
	Now     func() time.Time
	Rand    io.Reader

	mu      sync.Mutex
	current *Current // as of mark
	mark    Mark
}

// Current is what answers are signed with, as the database says it is now.
type Current struct {
	Publisher        Publisher
	Zone             *time.Location
	Signer           *licensefile.Signer
	SignsUntil       time.Time
	RevocationNumber int64
	Revocations      string // the signed list of that number; empty for 0
}

// Init makes the publisher at first start and reports whether it did. When the
// publisher exists, name and zone may be empty; given ones must be the same.
func (s *Service) Init(ctx context.Context, name, zone string) (Publisher, bool, error) {
	row, err := loadPublisher(s.DB.Read(ctx))
	if err == nil {
		return row.Publisher, false, sameAsStored(row.Publisher, name, zone)
	}
	if !errors.Is(err, database.ErrNoRows) {
		return Publisher{}, false, err
	}
	if err := validatePublisher(name, zone); err != nil {
		return Publisher{}, false, err
	}
	fresh, certificate, err := s.mint(name, zone)
	if err != nil {
		return Publisher{}, false, err
	}
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := insertCertificate(tx, certificate, fresh.CreatedAt); err != nil {
			return err
		}
		if err := insertPublisher(tx, fresh); err != nil {
			return err
		}
		return event.Record(tx, event.Event{
			At: fresh.CreatedAt, Kind: "publisher.created", Actor: event.Actor{Kind: "system", ID: "first-start"},
			Subject: event.Subject{Kind: "publisher", ID: fresh.ID},
			Data:    map[string]any{"signing_certificate": certificate.ID, "time_zone": zone},
		})
	})
	if database.IsUnique(err) { // another server was first
		return s.Init(ctx, name, zone)
	}
	return fresh.Publisher, err == nil, err
}

func sameAsStored(p Publisher, name, zone string) error {
	if (name == "" || name == p.Name) && (zone == "" || zone == p.TimeZone) {
		return nil
	}
	return problem.Newf(problem.Conflict,
		"This data belongs to the publisher %q in time zone %s. Leave --publisher and --time-zone out, or use another data folder.", p.Name, p.TimeZone)
}

// mint makes a publisher with its root and first signing certificate.
func (s *Service) mint(name, zone string) (publisherRow, Certificate, error) {
	now := s.Now()
	id, err := uuid.NewRandomFromReader(s.Rand)
	if err != nil {
		return publisherRow{}, Certificate{}, err
	}
	p := Publisher{ID: id.URN(), Name: name, TimeZone: zone, CreatedAt: now}
	root, err := newRoot(p.ID, name, now, s.Rand)
	if err != nil {
		return publisherRow{}, Certificate{}, err
	}
	certificate, err := s.certify(root)
	if err != nil {
		return publisherRow{}, Certificate{}, err
	}
	return publisherRow{
		Publisher: p, rootCertificate: root.der, signing: certificate.ID,
		rootKey:        s.Keyring.Seal(purposeRootKey, root.key.Seed(), []byte(p.ID)),
		masterKeyCheck: s.Keyring.Seal(purposeCheck, checkText, nil),
	}, certificate, nil
}

// certify makes a signing certificate whose key is sealed.
func (s *Service) certify(r root) (Certificate, error) {
	certificate, key, err := r.certify(s.Now(), s.Rand)
	if err != nil {
		return Certificate{}, err
	}
	certificate.sealedKey = s.Keyring.Seal(purposeSigningKey, key.Seed(), []byte(certificate.ID))
	return certificate, nil
}

// Publisher gives the publisher; not_found before first start.
func (s *Service) Publisher(ctx context.Context) (Publisher, error) {
	row, err := s.load(ctx)
	return row.Publisher, err
}

func (s *Service) load(ctx context.Context) (publisherRow, error) {
	row, err := loadPublisher(s.DB.Read(ctx))
	if errors.Is(err, database.ErrNoRows) {
		return row, problem.Newf(problem.NotFound, "There is no publisher yet. Start the server once with --publisher and --time-zone.")
	}
	return row, err
}

// CheckMasterKey reports whether the master key opens what the database holds.
func (s *Service) CheckMasterKey(ctx context.Context) error {
	row, err := s.load(ctx)
	if err != nil {
		return err
	}
	plain, err := s.Keyring.Open(purposeCheck, row.masterKeyCheck, nil)
	if err != nil || !bytes.Equal(plain, checkText) {
		return problem.New(problem.MasterKeyWrong).Because(err)
	}
	return nil
}

// Fixed is what never changes about a publisher once there is one.
type Fixed struct {
	ID   string
	Zone *time.Location // in which subscriptions begin and end
}

// Fixed gives what never changes, without asking the database each time, also
// when the signing certificate has ended.
func (s *Service) Fixed(ctx context.Context) (Fixed, error) {
	s.mu.Lock()
	known := s.current
	s.mu.Unlock()
	if known == nil {
		var err error
		if known, _, err = s.open(ctx); err != nil {
			return Fixed{}, err
		}
	}
	return Fixed{ID: known.Publisher.ID, Zone: known.Zone}, nil
}

// Current gives what answers are signed with. It asks the database on every
// call which certificate signs, so a rotation by another process counts at once.
func (s *Service) Current(ctx context.Context) (*Current, error) {
	m, err := loadMark(s.DB.Read(ctx))
	if err != nil {
		return nil, err
	}
	return s.CurrentAt(ctx, m)
}

// CurrentAt is Current for a caller who has just read the mark.
func (s *Service) CurrentAt(ctx context.Context, m Mark) (*Current, error) {
	s.mu.Lock()
	current, known := s.current, s.mark == m
	s.mu.Unlock()
	if current == nil || !known {
		var err error
		if current, m, err = s.open(ctx); err != nil {
			return nil, err
		}
		s.mu.Lock()
		s.current, s.mark = current, m
		s.mu.Unlock()
	}
	if !s.Now().Before(current.SignsUntil) {
		return nil, problem.New(problem.SigningCertificateEnded)
	}
	return current, nil
}

// open reads and opens the certificate that signs.
func (s *Service) open(ctx context.Context) (*Current, Mark, error) {
	row, err := s.load(ctx)
	if err != nil {
		return nil, Mark{}, err
	}
	certificate, err := loadCertificate(s.DB.Read(ctx), row.signing)
	if err != nil {
		return nil, Mark{}, err
	}
	seed, err := s.Keyring.Open(purposeSigningKey, certificate.sealedKey, []byte(certificate.ID))
	if err != nil {
		return nil, Mark{}, problem.New(problem.MasterKeyWrong).Because(err)
	}
	signer, err := licensefile.NewSigner(certificate.DER, ed25519.NewKeyFromSeed(seed))
	if err != nil {
		return nil, Mark{}, err
	}
	zone, err := loadZone(row.TimeZone)
	if err != nil {
		return nil, Mark{}, err
	}
	return &Current{
		Publisher: row.Publisher, Zone: zone, Signer: signer, SignsUntil: certificate.SignsUntil,
		RevocationNumber: row.revocationNumber, Revocations: row.revocations,
	}, Mark{signing: row.signing, number: row.revocationNumber}, nil
}

// ExportRoot gives the trust file that verifiers are configured with: the root's
// certificate as PEM, whose URI SAN is the publisher id. It holds no secret.
func (s *Service) ExportRoot(ctx context.Context) ([]byte, error) {
	row, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	return licensefile.TrustPEM(row.rootCertificate), nil
}

// Trust gives what a verifier that trusts this publisher is configured with.
func (s *Service) Trust(ctx context.Context) (*licensefile.Trust, error) {
	exported, err := s.ExportRoot(ctx)
	if err != nil {
		return nil, err
	}
	return licensefile.ParseTrust(exported)
}

// Certificates lists all signing certificates, oldest first.
func (s *Service) Certificates(ctx context.Context) ([]Certificate, error) {
	return loadCertificates(s.DB.Read(ctx))
}
