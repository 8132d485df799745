package issuer

import (
	"context"
	"crypto/ed25519"
	"errors"
	"slices"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// Rotate replaces the certificate that signs. keyPEM is the root's private key
// when it is kept offline, and nil otherwise. What the old certificate signed
// stays valid.
func (s *Service) Rotate(ctx context.Context, actor event.Actor, keyPEM []byte) (Certificate, error) {
	var fresh Certificate
	err := s.retry(func() error {
		row, r, err := s.openRoot(ctx, keyPEM)
		if err != nil {
			return err
		}
		if fresh, err = s.certify(r); err != nil {
			return err
		}
		return s.DB.InTx(ctx, func(tx *database.Tx) error {
			return s.replaceSigning(tx, actor, row, fresh, row.revocationNumber, row.revocations)
		})
	})
	return fresh, err
}

// RotateIfDue replaces the certificate that signs shortly before it ends, if the
// root's key is here. It reports whether it did, and fails with root_key_needed
// when it is due and the root is offline.
func (s *Service) RotateIfDue(ctx context.Context) (bool, error) {
	row, err := s.load(ctx)
	if err != nil {
		return false, err
	}
	certificate, err := loadCertificate(s.DB.Read(ctx), row.signing)
	if err != nil || s.Now().Before(certificate.SignsUntil.Add(-renewBefore)) {
		return false, err
	}
	_, err = s.Rotate(ctx, event.Actor{Kind: "system", ID: "rotation"}, nil)
	return err == nil, err
}

// Revoke puts a signing certificate on the revocation list: from then on nothing
// that it signed is accepted by whoever has the new list. When it is the one
// that signs, another takes its place. Revoking twice changes nothing.
func (s *Service) Revoke(ctx context.Context, actor event.Actor, id string, keyPEM []byte) error {
	return s.retry(func() error {
		row, r, err := s.openRoot(ctx, keyPEM)
		if err != nil {
			return err
		}
		certificates, err := loadCertificates(s.DB.Read(ctx))
		if err != nil {
			return err
		}
		at := slices.IndexFunc(certificates, func(c Certificate) bool { return c.ID == id })
		if at < 0 {
			return problem.New(problem.NotFound)
		}
		if certificates[at].RevokedAt != nil {
			return nil
		}
		list, err := s.list(row, r, certificates, id)
		if err != nil {
			return err
		}
		var fresh Certificate
		if certificates[at].Signing {
			if fresh, err = s.certify(r); err != nil {
				return err
			}
		}
		return s.DB.InTx(ctx, func(tx *database.Tx) error {
			return s.revoke(tx, actor, row, certificates[at], fresh, list)
		})
	})
}

// list signs the next revocation list: all revoked certificates and one more.
func (s *Service) list(row publisherRow, r root, all []Certificate, id string) (string, error) {
	var revoked []string
	for _, c := range all {
		if c.RevokedAt != nil || c.ID == id {
			revoked = append(revoked, c.Fingerprint)
		}
	}
	return licensefile.SealRevocations(licensefile.Revocations{
		Issuer: row.ID, IssuedAt: licensefile.At(s.Now()), Number: row.revocationNumber + 1, Certificates: revoked,
	}, r.key)
}

func (s *Service) revoke(tx *database.Tx, actor event.Actor, row publisherRow, old, fresh Certificate, list string) error {
	changed, err := revokeCertificate(tx, old.ID, s.Now())
	if err != nil {
		return err
	}
	if !changed {
		return errChanged
	}
	if err := event.Record(tx, event.Event{
		At: s.Now(), Kind: "signing_certificate.revoked", Actor: actor,
		Subject: event.Subject{Kind: "signing_certificate", ID: old.ID},
		Data:    map[string]any{"revocation_number": row.revocationNumber + 1},
	}); err != nil {
		return err
	}
	if fresh.ID != "" {
		return s.replaceSigning(tx, actor, row, fresh, row.revocationNumber+1, list)
	}
	from := Mark{signing: row.signing, number: row.revocationNumber}
	return changePublisher(tx, from, Mark{signing: row.signing, number: row.revocationNumber + 1}, list)
}

// replaceSigning stores a fresh certificate and lets it sign.
func (s *Service) replaceSigning(tx *database.Tx, actor event.Actor, row publisherRow, fresh Certificate, number int64, list string) error {
	if err := insertCertificate(tx, fresh, s.Now()); err != nil {
		return err
	}
	from := Mark{signing: row.signing, number: row.revocationNumber}
	if err := changePublisher(tx, from, Mark{signing: fresh.ID, number: number}, list); err != nil {
		return err
	}
	return event.Record(tx, event.Event{
		At: s.Now(), Kind: "signing_certificate.created", Actor: actor,
		Subject: event.Subject{Kind: "signing_certificate", ID: fresh.ID},
		Data:    map[string]any{"replaces": row.signing},
	})
}

// TakeOffline hands the root's private key to save and, once that succeeded,
// forgets it. From then on Rotate and Revoke need it back for the moment.
func (s *Service) TakeOffline(ctx context.Context, actor event.Actor, save func(keyPEM []byte) error) error {
	_, r, err := s.openRoot(ctx, nil)
	if err != nil {
		return err
	}
	keyPEM, err := rootKeyPEM(r.key)
	if err != nil {
		return err
	}
	if err := save(keyPEM); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		if err := clearRootKey(tx); err != nil {
			return err
		}
		return event.Record(tx, event.Event{
			At: s.Now(), Kind: "root.taken_offline", Actor: actor, Subject: event.Subject{Kind: "publisher", ID: "root"},
		})
	})
}

// openRoot gives the root with its private key: the given one, or the sealed one.
func (s *Service) openRoot(ctx context.Context, keyPEM []byte) (publisherRow, root, error) {
	row, err := s.load(ctx)
	if err != nil {
		return row, root{}, err
	}
	if len(keyPEM) > 0 {
		r, err := parseRootKey(keyPEM, row.rootCertificate)
		return row, r, err
	}
	if row.rootKey == nil {
		return row, root{}, problem.New(problem.RootKeyNeeded)
	}
	seed, err := s.Keyring.Open(purposeRootKey, row.rootKey, []byte(row.ID))
	if err != nil {
		return row, root{}, problem.New(problem.MasterKeyWrong).Because(err)
	}
	return row, root{der: row.rootCertificate, key: ed25519.NewKeyFromSeed(seed)}, nil
}

// retry starts a change over while other processes change the same rows.
func (s *Service) retry(change func() error) error {
	for range attempts {
		if err := change(); !errors.Is(err, errChanged) {
			return err
		}
	}
	return problem.New(problem.Conflict).Because(errChanged)
}
