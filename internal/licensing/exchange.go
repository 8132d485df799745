package licensing

import (
	"context"
	"errors"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/issuer"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// Exchange answers a signed request, online or from a file. A refusal is a
// problem with its own code; nothing is written for it, except that a fork was
// seen for the first time. An answer is returned only once what it says is
// stored.
func (s *Service) Exchange(ctx context.Context, compact string) (Signed, error) {
	current, err := s.Issuer.Current(ctx)
	if err != nil {
		return Signed{}, err
	}
	req, err := licensefile.OpenRequest(compact, current.Publisher.ID)
	if err != nil {
		return Signed{}, problem.From(err)
	}
	if req.Request.Kind == licensefile.KindPreview {
		return s.preview(ctx, req, current)
	}
	return s.take(ctx, req, current)
}

// ExchangeFile answers a request that arrives as a file. The signature alone
// authorizes the effect, whoever carries the file.
func (s *Service) ExchangeFile(ctx context.Context, armored []byte) (Signed, error) {
	form, compact, err := licensefile.Dearmor(armored)
	if err != nil {
		return Signed{}, problem.From(err)
	}
	if form != licensefile.ArmorRequest {
		return Signed{}, problem.New(problem.NotARequest)
	}
	return s.Exchange(ctx, compact)
}

// take judges a request twice: first on what is committed, so that a refused one
// takes no turn of the writer, then inside the transaction that stores it.
func (s *Service) take(ctx context.Context, req *licensefile.SignedRequest, current *issuer.Current) (Signed, error) {
	r, err := s.judge(s.DB.Read(ctx), req, current)
	if err != nil {
		return Signed{}, err
	}
	if r.outcome == taken || r.outcome == forked {
		now := r.now
		err = s.DB.InTx(ctx, func(tx *database.Tx) error {
			if r, err = s.judgeAt(tx, req, current, now); err != nil {
				return err
			}
			if r.outcome == repeated || r.outcome == closed {
				return nil
			}
			return r.apply(tx)
		})
		if err != nil {
			return Signed{}, err
		}
	}
	return r.answer(current)
}

func (s *Service) judge(q database.Querier, req *licensefile.SignedRequest, current *issuer.Current) (ruling, error) {
	return s.judgeAt(q, req, current, s.now())
}

// judgeAt loads what bears on a request and rules on it.
func (s *Service) judgeAt(q database.Querier, req *licensefile.SignedRequest, current *issuer.Current, now time.Time) (ruling, error) {
	known, err := s.look(q, req)
	if err != nil {
		return ruling{}, err
	}
	return rule(req, known, current, now)
}

// look loads the situation of a request.
func (s *Service) look(q database.Querier, req *licensefile.SignedRequest) (situation, error) {
	var known situation
	var err error
	known.installation, known.row, err = s.liveRow(q, req)
	if errors.Is(err, database.ErrNoRows) {
		known, err = dormant(q, req)
	}
	if err != nil || req.Request.Key == "" {
		return known, err
	}
	key := licensefile.NormalizeKey(req.Request.Key)
	known.offered, err = s.offered(q, s.lookup(key))
	if errors.Is(err, database.ErrNoRows) {
		return known, notFound(key)
	}
	return known, err
}

// dormant loads the situation of a slot that is new or has no live activation.
func dormant(q database.Querier, req *licensefile.SignedRequest) (situation, error) {
	var known situation
	var err error
	if known.installation, err = loadInstallation(q, req.Thumbprint); err != nil || known.installation == nil {
		return known, err
	}
	known.row, err = endedRow(q, req)
	return known, err
}

// preview answers what an activation would grant; it writes nothing.
func (s *Service) preview(ctx context.Context, req *licensefile.SignedRequest, current *issuer.Current) (Signed, error) {
	known, err := s.look(s.DB.Read(ctx), req)
	if err != nil {
		return Signed{}, err
	}
	now := s.now()
	bound := known.row.live() && known.row.Activation.KeyID == known.offered.Key.ID
	obstacle := admits(req.Request, known, current.Zone, now)
	if obstacle == nil && !bound {
		obstacle = known.offered.Key.exhausted()
	}
	p := preview(known, current, bound, obstacle)
	compact, err := licensefile.SealReceipt(previewReceipt(req, p, current, licensefile.At(now)), current.Signer)
	return Signed{Form: licensefile.ArmorReceipt, Compact: compact, Slot: req.Request.Slot, Kind: req.Request.Kind}, err
}
