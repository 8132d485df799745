package client

import (
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"github.com/licethq/licet/licensefile"
)

// ask is what a caller wants of the publisher.
type ask struct {
	kind   licensefile.Kind
	method licensefile.Method
	slot   licensefile.SlotRef
	key    string // as typed; only to preview and activate
	usage  []licensefile.Usage
}

// prepare gives the request to send for an ask: the pending one when it asks the
// same, else a new one, signed above every earlier sequence and put in the slot.
// The installation must be stored before the request leaves.
func (c *Client) prepare(in *Installation, a ask) (p *Pending, repeated bool, err error) {
	s := in.ensureSlot(a.slot)
	if err := s.mayAsk(a.kind); err != nil {
		return nil, false, err
	}
	if s.Pending != nil {
		if c.asksTheSame(s, a) {
			return s.Pending, true, nil
		}
		if s.Pending.blocks(a) {
			return nil, false, licensefile.NewRefusal(licensefile.CodeRequestPending, nil)
		}
	}
	s.Time = s.Time.Observe(c.config.Now())
	if s.Sequence >= licensefile.MaxSequence {
		return nil, false, fmt.Errorf("client: no sequence is left for the slot")
	}
	c.noteUsage(in, s, a.usage)
	s.Sequence++
	if s.Pending, err = c.sign(in, s, a); err != nil {
		return nil, false, err
	}
	return s.Pending, false, nil
}

// noteUsage takes the newest count that is to be reported over as what is used now.
func (c *Client) noteUsage(in *Installation, s *Slot, usage []licensefile.Usage) {
	var newest time.Time
	for _, u := range usage {
		if !u.To.Before(newest) {
			newest, s.Used = u.To, u.Used
		}
	}
	if l, err := c.held(in, s); err == nil && len(usage) > 0 {
		s.OverSince = licensefile.OverClock(s.OverSince, s.Used, l.Grant.Maximum, s.Time.Now(c.config.Now()))
	}
}

// mayAsk refuses what makes no sense for the slot as it is.
func (s *Slot) mayAsk(kind licensefile.Kind) error {
	switch kind {
	case licensefile.KindPreview, licensefile.KindActivate:
		return nil
	case licensefile.KindDeactivate:
		// A deactivation that the publisher has not confirmed may be asked again.
		if s.Serial > 0 && !s.Released {
			return nil
		}
	default:
		if s.Serial > 0 && !s.Deactivated {
			return nil
		}
	}
	return licensefile.NewRefusal(licensefile.CodeNotActivated, nil)
}

// asksTheSame reports whether the pending request is what the caller asks for,
// so that its bytes are sent again. A request signed before a newer license was
// accepted is out of date. How a deactivation travels decides nothing, so its
// file may also be sent online.
func (c *Client) asksTheSame(s *Slot, a ask) bool {
	p := s.Pending
	if p.Kind != a.kind || p.Previous != s.Serial {
		return false
	}
	if p.Kind == licensefile.KindDeactivate {
		return p.Method == a.method || p.Method == licensefile.Offline
	}
	if p.Method != a.method {
		return false
	}
	if p.Kind != licensefile.KindActivate {
		return true
	}
	signed, err := licensefile.OpenRequest(p.Compact, c.publisher)
	return err == nil && signed.Request.Key == licensefile.NormalizeKey(a.key)
}

// blocks reports whether a pending request must be answered or discarded before
// another one is made. A person may be carrying its file: signing above it would
// make the file worthless. A refresh or report by file may be overtaken.
func (p *Pending) blocks(a ask) bool {
	if p.Method != licensefile.Offline {
		return false
	}
	if p.Kind == licensefile.KindActivate || p.Kind == licensefile.KindDeactivate {
		return true
	}
	return a.method == licensefile.Offline
}

// sign makes a request for a slot with its current sequence.
func (c *Client) sign(in *Installation, s *Slot, a ask) (*Pending, error) {
	now := c.config.Now()
	r, err := c.compose(in, s, a)
	if err != nil {
		return nil, err
	}
	if a.kind != licensefile.KindPreview {
		r.Sequence = s.Sequence
	}
	key, err := in.privateKey()
	if err != nil {
		return nil, err
	}
	compact, err := licensefile.SealRequest(r, key)
	if err != nil {
		return nil, err
	}
	p := &Pending{
		Compact: compact, Kind: r.Kind, Method: r.Method, Sequence: r.Sequence,
		Previous: r.Previous, Nonce: r.Nonce, Made: now.UTC(),
	}
	if r.Key != "" {
		p.Key = licensefile.MaskKey(r.Key)
	}
	return p, nil
}

// compose fills in the members of a request.
func (c *Client) compose(in *Installation, s *Slot, a ask) (licensefile.Request, error) {
	nonce := make([]byte, 16)
	if _, err := io.ReadFull(c.config.Rand, nonce); err != nil {
		return licensefile.Request{}, fmt.Errorf("client: making a nonce: %w", err)
	}
	list := c.revocations(in)
	r := licensefile.Request{
		Kind: a.kind, Method: a.method, Audience: c.publisher,
		IssuedAt: licensefile.At(c.config.Now()),
		Nonce:    base64.RawURLEncoding.EncodeToString(nonce),
		Key:      licensefile.NormalizeKey(a.key),
		Slot:     s.Ref, About: c.config.About, Usage: a.usage,
		Previous: s.Serial,
	}
	if list != nil {
		r.Revocations = list.Number
	}
	// An online refresh reports nothing; everything else tells since when the
	// row is over its limit (R5).
	if a.kind != licensefile.KindPreview && (a.kind != licensefile.KindRefresh || a.method == licensefile.Offline) {
		r.OverSince = s.OverSince
	}
	return r, nil
}

// revocations gives the list held; nil with none. It was verified when it was
// taken, and is again here, since the Store may be edited.
func (c *Client) revocations(in *Installation) *licensefile.Revocations {
	if in.Revocations == "" {
		return nil
	}
	list, err := c.config.Trust.OpenRevocations(in.Revocations)
	if err != nil || list.Issuer != c.publisher {
		return nil
	}
	return list
}
