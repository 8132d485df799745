package client

import (
	"context"
	"time"

	"github.com/licethq/licet/licensefile"
)

// takeAnswer verifies an answer for a slot and, if it is accepted, stores what
// follows from it.
func (c *Client) takeAnswer(ctx context.Context, ref licensefile.SlotRef, compact string) (*Outcome, error) {
	var out *Outcome
	var refused error
	err := c.update(ctx, func(in *Installation) error {
		out, refused = c.take(in, ref, compact)
		return nil // also a refused answer may bring a revocation list
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// take applies an answer to an installation.
func (c *Client) take(in *Installation, ref licensefile.SlotRef, compact string) (*Outcome, error) {
	peeked, err := licensefile.Peek(compact)
	if err != nil {
		return nil, err
	}
	s := in.slot(ref)
	if s == nil {
		return nil, licensefile.NewRefusal(licensefile.CodeWrongSlot, nil)
	}
	s.Time = s.Time.Observe(c.config.Now())
	if peeked.Type == licensefile.TypeReceipt {
		return c.takeReceipt(in, s, compact)
	}
	return c.takeLicense(in, s, compact) // which refuses every other type
}

// expect gives what the installation knows of a slot when an answer comes.
func (c *Client) expect(in *Installation, s *Slot) (licensefile.Expectation, error) {
	thumbprint, err := in.thumbprint()
	if err != nil {
		return licensefile.Expectation{}, err
	}
	return licensefile.Expectation{
		Publisher: c.publisher, Product: c.config.Product, Slot: s.ID, Thumbprint: thumbprint,
		Serial: s.Serial, NotBefore: s.Time.Accepted, Revocations: c.revocations(in),
	}, nil
}

// takeLicense verifies a license and makes it the slot's own.
func (c *Client) takeLicense(in *Installation, s *Slot, compact string) (*Outcome, error) {
	l, err := c.openLicense(in, s, compact)
	if err != nil {
		return nil, err
	}
	// A deactivated row comes back by activating only, never by an old file.
	comesBack := s.awaits(licensefile.KindActivate) && s.answeredBy(l)
	if s.Deactivated && !comesBack {
		return nil, licensefile.NewRefusal(licensefile.CodeNotActivated, nil)
	}
	out := &Outcome{Slot: s.Ref, License: cloneLicense(l), ClockSkew: seconds(l.ClockSkew)}
	if s.answeredBy(l) {
		out.Kind, out.Usage = s.Pending.Kind, c.usageOf(s.Pending)
		s.Pending = nil
	}
	if before, err := c.held(in, s); err == nil && licensefile.RaisedMaximum(before.Grant.Maximum, l.Grant.Maximum) {
		s.OverSince = nil // R5: buying more resets the clock
	}
	s.ID, s.Serial, s.License = l.Subject, l.Serial, compact
	s.Deactivated, s.Released, s.Reason = false, false, ""
	s.accepted(l.IssuedAt, true)
	s.OverSince = licensefile.OverClock(s.OverSince, s.Used, l.Grant.Maximum, s.Time.Now(c.config.Now()))
	return out, nil
}

// openLicense verifies a license for a slot, after taking over the revocation
// list that it may bring: a list that revokes its own bearer counts.
func (c *Client) openLicense(in *Installation, s *Slot, compact string) (*licensefile.License, error) {
	want, err := c.expect(in, s)
	if err != nil {
		return nil, err
	}
	l, err := c.config.Trust.OpenLicense(compact, want)
	if err != nil {
		return nil, err
	}
	if c.takeRevocations(in, l.Revocation) {
		want.Revocations = c.revocations(in)
		if l, err = c.config.Trust.OpenLicense(compact, want); err != nil {
			return nil, err
		}
	}
	if !sameSlot(licensefile.SlotRef{Site: l.Grant.Site, LicenseType: l.Grant.LicenseType}, s.Ref) {
		return nil, licensefile.NewRefusal(licensefile.CodeWrongSlot, nil)
	}
	return l, nil
}

// takeRevocations keeps a signed list if it is authentic and newer than the one
// held, and reports whether it is. A list that is neither is ignored: it is
// signed apart from its bearer, and cannot weaken what is held.
func (c *Client) takeRevocations(in *Installation, compact string) bool {
	if compact == "" {
		return false
	}
	list, err := c.config.Trust.OpenRevocations(compact)
	if err != nil || list.Issuer != c.publisher {
		return false
	}
	if held := c.revocations(in); held != nil && list.Number <= held.Number {
		return false
	}
	in.Revocations = compact
	return true
}

// takeReceipt verifies a receipt and does what it says.
func (c *Client) takeReceipt(in *Installation, s *Slot, compact string) (*Outcome, error) {
	r, err := c.openReceipt(in, s, compact)
	if err != nil {
		return nil, err
	}
	mine := s.Pending != nil && s.Pending.Nonce == r.Body.Nonce
	out := &Outcome{Slot: s.Ref, Receipt: r, ClockSkew: seconds(r.ClockSkew)}
	switch {
	case r.Body.Status == licensefile.StatusDeactivated:
		out.Ended, out.Reason = true, r.Body.Reason
	case r.Body.Status != licensefile.StatusTaken || !mine:
		return nil, licensefile.NewRefusal(licensefile.CodeAnswerMismatch, nil)
	}
	if mine {
		out.Kind, out.Usage = s.Pending.Kind, c.usageOf(s.Pending)
		s.Pending = nil
	}
	if out.Ended {
		s.end(r)
	}
	s.accepted(r.IssuedAt, out.Ended)
	return out, nil
}

// openReceipt verifies a receipt for a slot.
func (c *Client) openReceipt(in *Installation, s *Slot, compact string) (*licensefile.Receipt, error) {
	want, err := c.expect(in, s)
	if err != nil {
		return nil, err
	}
	r, err := c.config.Trust.OpenReceipt(compact, want)
	if err != nil {
		return nil, err
	}
	if c.takeRevocations(in, r.Revocation) {
		want.Revocations = c.revocations(in)
		if r, err = c.config.Trust.OpenReceipt(compact, want); err != nil {
			return nil, err
		}
	}
	if !sameSlot(r.Body.Slot, s.Ref) {
		return nil, licensefile.NewRefusal(licensefile.CodeWrongSlot, nil)
	}
	return r, nil
}

// openPreview verifies the answer to a preview; in is a copy, and nothing is
// stored. Its nonce says that it is new, so its iat may be of a server whose
// clock is a little behind the one that answered last.
func (c *Client) openPreview(in *Installation, p *Pending, ref licensefile.SlotRef, compact string) (*Outcome, error) {
	s := in.ensureSlot(ref)
	s.Time.Accepted = time.Time{}
	r, err := c.openReceipt(in, s, compact)
	if err != nil {
		return nil, err
	}
	if r.Body.Status != licensefile.StatusPreview || r.Body.Nonce != p.Nonce {
		return nil, licensefile.NewRefusal(licensefile.CodeAnswerMismatch, nil)
	}
	return &Outcome{
		Kind: p.Kind, Slot: ref, Receipt: r, Preview: r.Body.Preview, ClockSkew: seconds(r.ClockSkew),
	}, nil
}

// awaits reports whether a request of a kind is pending.
func (s *Slot) awaits(kind licensefile.Kind) bool {
	return s.Pending != nil && s.Pending.Kind == kind
}

// answeredBy reports whether a license that is accepted settles the pending
// request. Licenses name no request, so any newer one settles a request for a
// license; only an activation with another key goes on waiting.
func (s *Slot) answeredBy(l *licensefile.License) bool {
	if s.Pending == nil {
		return false
	}
	switch s.Pending.Kind {
	case licensefile.KindRefresh, licensefile.KindCheckIn:
		return true
	case licensefile.KindActivate:
		return lastFour(s.Pending.Key) == lastFour(l.Grant.Key)
	}
	return false
}

// lastFour gives the last four characters of a masked key.
func lastFour(masked string) string {
	runes := []rune(masked)
	return string(runes[max(len(runes)-4, 0):])
}

// end makes the slot a tombstone. A pending activation is left: it is to bring
// the row back.
func (s *Slot) end(r *licensefile.Receipt) {
	s.Deactivated, s.Released, s.Reason = true, true, r.Body.Reason
	s.License, s.OverSince = "", nil
	s.ID, s.Serial = r.Subject, max(s.Serial, r.Serial)
	if !s.awaits(licensefile.KindActivate) {
		s.Pending = nil
	}
}

// accepted notes that the publisher was heard.
func (s *Slot) accepted(iat licensefile.NumericDate, news bool) {
	at := iat.Time()
	s.Time = s.Time.Accept(at, news)
	if at.After(s.LastContact) {
		s.LastContact = at
	}
}

// usageOf gives the usage that a request reported.
func (c *Client) usageOf(p *Pending) []licensefile.Usage {
	signed, err := licensefile.OpenRequest(p.Compact, c.publisher)
	if err != nil {
		return nil
	}
	return signed.Request.Usage
}

// seconds gives a whole number of seconds as a duration.
func seconds(n int64) time.Duration {
	const most = int64(1 << 33) // more than 200 years
	return time.Duration(max(min(n, most), -most)) * time.Second
}
