package client

import (
	"context"
	"time"

	"github.com/licethq/licet/licensefile"
)

// markEvery is how far the clock must advance before its high-water mark is
// stored again, so that asking May does not write each time.
const markEvery = time.Hour

// License gives the license that a slot holds, verified, whether or not it is
// past its end; a not_activated refusal with none.
func (c *Client) License(ctx context.Context, slot licensefile.SlotRef) (*licensefile.License, error) {
	l, _, err := c.look(ctx, slot)
	return l, err
}

// Verify gives the license that a slot holds if it is authentic and has not
// ended, by trusted time: a clock set back wins a day at most.
func (c *Client) Verify(ctx context.Context, slot licensefile.SlotRef) (*licensefile.License, error) {
	l, view, err := c.look(ctx, slot)
	if err != nil {
		return nil, err
	}
	if !view.now.Before(l.Expires.Time()) {
		return nil, licensefile.NewRefusal(licensefile.CodeLicenseExpired, nil)
	}
	return l, nil
}

// Row gives what the rules of licensefile need to know of a slot, and the
// trusted time to judge it by. A slot without an authentic license is a
// deactivated row.
func (c *Client) Row(ctx context.Context, slot licensefile.SlotRef) (licensefile.Row, time.Time, error) {
	l, view, err := c.look(ctx, slot)
	if licensefile.CodeOf(err) != "" {
		return licensefile.Row{Used: view.used, Deactivated: true}, view.now, nil
	}
	if err != nil {
		return licensefile.Row{}, time.Time{}, err
	}
	return licensefile.RowOf(*l, view.used, view.lastContact, view.overSince), view.now, nil
}

// Standing says how far down the ladder a slot is, and when it goes further.
func (c *Client) Standing(ctx context.Context, slot licensefile.SlotRef) (licensefile.Rung, error) {
	row, now, err := c.Row(ctx, slot)
	if err != nil {
		return licensefile.Rung{}, err
	}
	return licensefile.Standing(row, now), nil
}

// May says whether an operation is allowed on a slot now. It never waits for the
// network.
func (c *Client) May(ctx context.Context, slot licensefile.SlotRef, op licensefile.Operation) (licensefile.Decision, error) {
	row, now, err := c.Row(ctx, slot)
	if err != nil {
		return licensefile.Decision{}, err
	}
	return licensefile.May(op, row, now), nil
}

// SetUsed tells how many licenses the slot uses now. When that first exceeds the
// maximum, the over-limit clock starts, and is reported with the next request.
func (c *Client) SetUsed(ctx context.Context, slot licensefile.SlotRef, used int64) error {
	l, view, err := c.look(ctx, slot)
	if err != nil {
		return err
	}
	since := licensefile.OverClock(view.overSince, used, l.Grant.Maximum, view.now)
	if used == view.used && since == view.overSince {
		return nil
	}
	return c.update(ctx, func(in *Installation) error {
		if s := in.slot(slot); s != nil {
			s.Used, s.OverSince = used, since
		}
		return nil
	})
}

// view is what look saw of a slot.
type view struct {
	now         time.Time // trusted
	used        int64
	overSince   *time.Time
	lastContact time.Time
}

// look gives a slot's verified license and figures, and notes the clock.
func (c *Client) look(ctx context.Context, ref licensefile.SlotRef) (*licensefile.License, view, error) {
	clock := c.config.Now()
	c.noteClock(ctx, ref, clock)
	c.mu.Lock()
	defer c.mu.Unlock()
	v := view{now: clock}
	in, err := c.load(ctx)
	if err != nil {
		return nil, v, err
	}
	s := in.slot(ref)
	if s == nil {
		return nil, v, licensefile.NewRefusal(licensefile.CodeNotActivated, nil)
	}
	v.now = s.Time.Observe(clock).Now(clock)
	v.used, v.overSince, v.lastContact = s.Used, s.OverSince, s.LastContact
	l, err := c.held(in, s)
	if err != nil {
		return nil, v, err
	}
	return cloneLicense(l), v, nil
}

// noteClock stores a new high-water mark of a slot when the clock has advanced
// enough. A Store that fails is no reason not to answer: the mark is only late.
func (c *Client) noteClock(ctx context.Context, ref licensefile.SlotRef, clock time.Time) {
	c.mu.Lock()
	due := false
	if c.in != nil {
		s := c.in.slot(ref)
		due = s != nil && clock.Sub(s.Time.HighWater) >= markEvery
	}
	c.mu.Unlock()
	if !due {
		return
	}
	_ = c.update(ctx, func(in *Installation) error {
		if s := in.slot(ref); s != nil {
			s.Time = s.Time.Observe(clock)
		}
		return nil
	})
}

// held gives the license that a slot holds, verified against the trusted root
// and the revocation list: the Store is not trusted for it. The caller holds mu
// and must not change the result.
func (c *Client) held(in *Installation, s *Slot) (*licensefile.License, error) {
	if !s.Active() {
		return nil, licensefile.NewRefusal(licensefile.CodeNotActivated, nil)
	}
	name := in.Revocations + " " + s.License
	if l, ok := c.opened[name]; ok {
		return l, nil
	}
	want, err := c.expect(in, s)
	if err != nil {
		return nil, err
	}
	want.Serial, want.NotBefore = s.Serial-1, time.Time{}
	l, err := c.config.Trust.OpenLicense(s.License, want)
	if err != nil {
		return nil, err
	}
	if !sameSlot(licensefile.SlotRef{Site: l.Grant.Site, LicenseType: l.Grant.LicenseType}, s.Ref) {
		return nil, licensefile.NewRefusal(licensefile.CodeWrongSlot, nil)
	}
	if len(c.opened) >= maxOpened {
		clear(c.opened)
	}
	c.opened[name] = l
	return l, nil
}

// maxOpened bounds how many verified licenses are remembered.
const maxOpened = 64
