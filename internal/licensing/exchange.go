package licensing

import (
	"context"
	"errors"

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
	publisher, err := s.Issuer.Fixed(ctx)
	if err != nil {
		return Signed{}, err
	}
	req, err := licensefile.OpenRequest(compact, publisher.ID)
	if err != nil {
		return Signed{}, problem.From(err)
	}
	known, current, err := s.look(ctx, req, dayIn(publisher.Zone, s.now()))
	if err != nil {
		return Signed{}, err
	}
	if req.Request.Kind == licensefile.KindPreview {
		return s.preview(req, known, current)
	}
	return s.take(ctx, req, known, current)
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

// take judges a request on what is committed, so that a refused one takes no
// turn of the writer, and stores what it ruled. Activations are judged again
// inside the transaction, since what they depend on may have changed meanwhile.
// The others depend on the slot alone, whose guard notices any change of the
// row: then they too are judged again.
func (s *Service) take(ctx context.Context, req *licensefile.SignedRequest, known situation, current *issuer.Current) (Signed, error) {
	now := s.now()
	r, err := rule(req, known, current, now)
	if err != nil {
		return Signed{}, err
	}
	if r.outcome == taken || r.outcome == forked {
		judged := req.Request.Kind != licensefile.KindActivate
		err = s.DB.InTx(ctx, func(tx *database.Tx) error {
			if !judged {
				if known, _, err = s.situation(tx, req, dayIn(current.Zone, now)); err != nil {
					return err
				}
				if r, err = rule(req, known, current, now); err != nil {
					return err
				}
			}
			judged = false
			return r.apply(tx)
		})
		if err != nil {
			return Signed{}, err
		}
	}
	return r.answer(current)
}

// look loads the situation of a request and what its answer will be signed with.
func (s *Service) look(ctx context.Context, req *licensefile.SignedRequest, today licensefile.Date) (situation, *issuer.Current, error) {
	known, mark, err := s.situation(s.DB.Read(ctx), req, today)
	if err != nil {
		return known, nil, err
	}
	var current *issuer.Current
	if mark == nil {
		current, err = s.Issuer.Current(ctx)
	} else {
		current, err = s.Issuer.CurrentAt(ctx, *mark)
	}
	return known, current, err
}

// situation loads what bears on a request, and the publisher's mark when it came
// along.
func (s *Service) situation(q database.Querier, req *licensefile.SignedRequest, today licensefile.Date) (situation, *issuer.Mark, error) {
	if req.Request.Key != "" {
		return s.offer(q, req, today)
	}
	known, mark, err := s.liveRow(q, req, today, false)
	if errors.Is(err, database.ErrNoRows) {
		known, err = dormant(q, req)
		return known, nil, err
	}
	return known, &mark, err
}

// offer loads what bears on a request that brings a key. Most come from
// strangers, who have no rows to look for.
func (s *Service) offer(q database.Querier, req *licensefile.SignedRequest, today licensefile.Date) (known situation, _ *issuer.Mark, err error) {
	key := licensefile.NormalizeKey(req.Request.Key)
	offered, mark, err := s.offered(q, s.lookup(key), today)
	if errors.Is(err, database.ErrNoRows) {
		return known, nil, notFound(key)
	}
	if err != nil {
		return known, nil, err
	}
	if known.installation, err = loadInstallation(q, req.Thumbprint); err == nil && known.installation != nil {
		known, _, err = s.liveRow(q, req, today, req.Request.Kind == licensefile.KindPreview)
		if errors.Is(err, database.ErrNoRows) {
			known, err = dormant(q, req)
		}
	}
	known.offered = offered
	if err == nil && offered.Subscription.OrganizationID != "" {
		offered.Imported, err = importedActivation(q, offered.Subscription.OrganizationID, offered.Key, req.Request.About.HostName)
	}
	return known, &mark, err
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
func (s *Service) preview(req *licensefile.SignedRequest, known situation, current *issuer.Current) (Signed, error) {
	if known.offered.Key.ReplacedBy != "" { // perhaps leaked: it shows nothing (P19)
		return Signed{}, problem.New(problem.KeyReplaced)
	}
	now := s.now()
	bound := known.row.live() && known.row.Activation.KeyID == known.offered.Key.ID
	obstacle := admits(req.Request, known, current.Zone, now)
	if obstacle == nil && !bound {
		obstacle = known.offered.exhausted()
	}
	p := preview(known, bound, obstacle)
	compact, err := licensefile.SealReceipt(previewReceipt(req, p, current, licensefile.At(now)), current.Signer)
	return Signed{Form: licensefile.ArmorReceipt, Compact: compact, Slot: req.Request.Slot, Kind: req.Request.Kind}, err
}
