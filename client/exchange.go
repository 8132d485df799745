package client

import (
	"context"
	"errors"
	"time"

	"github.com/licethq/licet/licensefile"
)

// Outcome is what came of an exchange or of a loaded file.
type Outcome struct {
	Kind licensefile.Kind    // of the request that was answered; empty for a file that nobody asked for
	Slot licensefile.SlotRef // the row

	License *licensefile.License // the new license, if the answer was one
	Receipt *licensefile.Receipt // the receipt, if the answer was one
	Preview *licensefile.Preview // what activating would grant, in answer to Preview

	// Ended says that the row is deactivated now. Reason says why, when the
	// publisher ended it.
	Ended  bool
	Reason string

	// Repeated says that an earlier request was answered, not one made by this
	// call; Usage is what that request reported. Whatever else this call was to
	// report is still to be sent.
	Repeated bool
	Usage    []licensefile.Usage

	// ClockSkew is the publisher's clock minus the one in the request.
	ClockSkew time.Duration
}

// Preview asks what activating a key in a slot would grant. It changes nothing,
// neither here nor at the publisher.
func (c *Client) Preview(ctx context.Context, slot licensefile.SlotRef, key string) (*Outcome, error) {
	a := ask{kind: licensefile.KindPreview, method: licensefile.Online, slot: slot, key: key}
	p, in, err := c.signPreview(ctx, a)
	if err != nil {
		return nil, err
	}
	answer, err := c.post(ctx, p.Compact)
	if err != nil {
		return nil, err
	}
	return c.openPreview(in, p, slot, answer)
}

// signPreview signs a preview; it is not kept, and takes no sequence.
func (c *Client) signPreview(ctx context.Context, a ask) (*Pending, *Installation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	in, err := c.load(ctx)
	if err != nil {
		return nil, nil, err
	}
	in = in.clone()
	p, err := c.sign(in, in.ensureSlot(a.slot), a)
	return p, in, err
}

// Activate binds a license key to a slot. On success the slot holds the license
// in the Outcome; the key itself is not kept.
func (c *Client) Activate(ctx context.Context, slot licensefile.SlotRef, key string, usage []licensefile.Usage) (*Outcome, error) {
	return c.exchange(ctx, ask{licensefile.KindActivate, licensefile.Online, slot, key, usage})
}

// Refresh fetches the slot's current license.
func (c *Client) Refresh(ctx context.Context, slot licensefile.SlotRef) (*Outcome, error) {
	return c.exchange(ctx, ask{kind: licensefile.KindRefresh, method: licensefile.Online, slot: slot})
}

// Report delivers usage.
func (c *Client) Report(ctx context.Context, slot licensefile.SlotRef, usage []licensefile.Usage) (*Outcome, error) {
	return c.exchange(ctx, ask{kind: licensefile.KindReport, method: licensefile.Online, slot: slot, usage: usage})
}

// CheckIn calls home: it renews the license's lease and delivers usage.
func (c *Client) CheckIn(ctx context.Context, slot licensefile.SlotRef, usage []licensefile.Usage) (*Outcome, error) {
	return c.exchange(ctx, ask{kind: licensefile.KindCheckIn, method: licensefile.Online, slot: slot, usage: usage})
}

// Deactivate releases the slot's key at once. A deactivation file that is
// pending is sent as it is.
func (c *Client) Deactivate(ctx context.Context, slot licensefile.SlotRef, usage []licensefile.Usage) (*Outcome, error) {
	return c.exchange(ctx, ask{kind: licensefile.KindDeactivate, method: licensefile.Online, slot: slot, usage: usage})
}

// exchange stores a request, sends it and takes the answer. When the publisher
// says that a newer request was taken already, it signs again above that one,
// once.
func (c *Client) exchange(ctx context.Context, a ask) (*Outcome, error) {
	leave, err := c.exchanges.enter(ctx, a.slot)
	if err != nil {
		return nil, err
	}
	defer leave()
	out, err := c.attempt(ctx, a)
	var p *Problem
	if errors.As(err, &p) && p.Code == codeSuperseded && p.HighestSequence > 0 {
		if raised, raiseErr := c.raise(ctx, a.slot, p.HighestSequence); raiseErr != nil || !raised {
			return nil, errors.Join(err, raiseErr)
		}
		return c.attempt(ctx, a)
	}
	return out, err
}

// attempt sends the request for an ask, once.
func (c *Client) attempt(ctx context.Context, a ask) (*Outcome, error) {
	var p Pending
	var repeated bool
	err := c.update(ctx, func(in *Installation) error {
		made, again, err := c.prepare(in, a)
		if err != nil {
			return err
		}
		p, repeated = *made, again
		return nil
	})
	if err != nil {
		return nil, err
	}
	answer, err := c.post(ctx, p.Compact)
	if err != nil {
		return nil, c.refused(ctx, a.slot, &p, err)
	}
	// The publisher has acted; a caller who gives up now must not lose the answer.
	out, err := c.takeAnswer(context.WithoutCancel(ctx), a.slot, answer)
	if err != nil {
		return nil, err
	}
	if out.Kind == "" && !out.Ended {
		return nil, licensefile.NewRefusal(licensefile.CodeAnswerMismatch, nil)
	}
	out.Repeated = repeated
	return out, nil
}

// refused drops a request that the publisher has refused for good, and returns
// the refusal. The publisher may be an impostor; dropping is harmless, since the
// next request is signed above this one either way.
func (c *Client) refused(ctx context.Context, ref licensefile.SlotRef, sent *Pending, refusal error) error {
	var p *Problem
	if !errors.As(refusal, &p) || !p.final() {
		return refusal
	}
	err := c.update(context.WithoutCancel(ctx), func(in *Installation) error {
		if s := in.slot(ref); s != nil && s.Pending != nil && s.Pending.Compact == sent.Compact {
			s.Pending = nil
		}
		return nil
	})
	return errors.Join(refusal, err)
}

const (
	codeSuperseded = "request_superseded"

	// maxRaise bounds how far an unsigned answer may raise the sequence, so that
	// an impostor cannot use the numbers up.
	maxRaise = 1 << 20
)

// raise notes the highest sequence that the publisher has taken from this slot,
// and reports whether it is a credible one.
func (c *Client) raise(ctx context.Context, ref licensefile.SlotRef, highest int64) (bool, error) {
	raised := false
	err := c.update(ctx, func(in *Installation) error {
		s := in.slot(ref)
		if s == nil || highest < s.Sequence || highest > s.Sequence+maxRaise {
			return nil
		}
		s.Sequence, raised = highest, true
		return nil
	})
	return raised, err
}
