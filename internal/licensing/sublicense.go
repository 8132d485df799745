package licensing

import (
	"time"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// Sublicense is what account administrators say of a part of a subscription
// (P10). A reserved quota leaves the pool; a dynamic one is a cap.
type Sublicense struct {
	Name     string
	Quota    int64
	Reserved bool
	EndsOn   licensefile.Date // inclusive; empty is the subscription's own end
}

// SublicenseChange changes what is given of a sublicense. Shrinking it below
// what it uses needs Force.
type SublicenseChange struct {
	Name     *string
	Quota    *int64
	Reserved *bool
	EndsOn   *licensefile.Date // empty takes the end away
	Force    bool
}

const maxKeyName = 200

// sublicense gives what a key says of its sublicense; nil of another key.
func (k Key) sublicense() *Sublicense {
	if k.Kind != SublicenseKey || k.Quota == nil {
		return nil
	}
	return &Sublicense{Name: k.Name, Quota: *k.Quota, Reserved: k.Reserved, EndsOn: k.EndsOn}
}

// to gives a key as a sublicense says.
func (n Sublicense) to(k Key) Key {
	k.Name, k.Quota, k.Reserved, k.EndsOn = n.Name, &n.Quota, n.Reserved, n.EndsOn
	return k
}

// endDue is when the sublicense's end is to be recorded; nil for none of its own.
func (n Sublicense) endDue(zone *time.Location) *time.Time {
	if n.EndsOn == "" {
		return nil
	}
	due := n.EndsOn.EndIn(zone)
	return &due
}

// apply gives the sublicense after a change.
func (c SublicenseChange) apply(n Sublicense) Sublicense {
	if c.Name != nil {
		n.Name = *c.Name
	}
	if c.Quota != nil {
		n.Quota = *c.Quota
	}
	if c.Reserved != nil {
		n.Reserved = *c.Reserved
	}
	if c.EndsOn != nil {
		n.EndsOn = *c.EndsOn
	}
	return n
}

// division is a sublicense that is made or changed, with all that bears on it.
type division struct {
	Pool         Pool // of the subscription, as it is; not asked when that is unlimited
	Subscription Subscription
	Policy       catalog.Policy
	Today        licensefile.Date

	Before *Sublicense // nil for a new one
	After  Sublicense
	Used   int64 // by its rows
	Force  bool
}

// Validate reports every fault of what was given.
func (r division) Validate() error {
	var f problem.Faults
	n := r.After
	f.Text("/name", n.Name, 1, maxKeyName)
	f.Range("/quota", n.Quota, 0, maxQuantity)
	if total := r.Subscription.Quantity; total != nil && !n.Reserved && r.resized() {
		f.Check(n.Quota <= *total, "/quota", "must not be more than the subscription has")
	}
	if r.Before == nil || r.Before.EndsOn != n.EndsOn {
		r.checkEnd(&f)
	}
	return f.Err()
}

// checkEnd notes an end that is no day, over already, or after the
// subscription's.
func (r division) checkEnd(f *problem.Faults) {
	end := r.After.EndsOn
	if end == "" {
		return
	}
	_, err := licensefile.ParseDate(string(end))
	last := terms{Subscription: r.Subscription}.endDate()
	f.Check(err == nil, "/ends_on", "must be a calendar day such as 2027-01-31")
	f.Check(err != nil || end >= r.Today, "/ends_on", "must not be over yet")
	f.Check(err != nil || last == "" || end <= last, "/ends_on", "must not be after the end of the subscription")
}

// resized reports whether the change takes more or other licenses than before.
func (r division) resized() bool {
	return r.Before == nil || r.Before.Quota != r.After.Quota || r.Before.Reserved != r.After.Reserved
}

// rule gives the pool as it will be, and why the sublicense may not become so
// (P10, P11): the sum of reserved quotas never exceeds what is owned.
func (r division) rule() (Pool, error) {
	after := r.Pool.with(r.Before, r.After, r.Used)
	shrunk := r.Before != nil && r.After.Quota < r.Before.Quota
	turnedDynamic := !r.After.Reserved && (r.Before == nil || r.Before.Reserved)
	switch {
	case turnedDynamic && r.Policy.OverLimit == licensefile.OverLimitBlock:
		return after, problem.New(problem.DynamicNotAllowed)
	case shrunk && r.After.Quota < r.Used && !r.Force:
		return after, problem.Newf(problem.QuotaTooSmall,
			"%d licenses of the sublicense are in use. Force it to make the sublicense smaller all the same.", r.Used)
	case r.Subscription.Quantity == nil:
		return after, nil
	case after.Reserved > r.Pool.Reserved && after.Main() < 0:
		return after, problem.Newf(problem.PoolExhausted,
			"The main pool has %d unused licenses, %d too few for this.", r.Pool.Free(), -after.Main())
	}
	return after, nil
}

// with gives the pool once a sublicense whose rows use some became another.
func (p Pool) with(before *Sublicense, after Sublicense, used int64) Pool {
	if before != nil && before.Reserved {
		p.Reserved -= before.Quota
		p.ReservedInUse -= used
	}
	if after.Reserved {
		p.Reserved += after.Quota
		p.ReservedInUse += used
	}
	return p
}

// refusesDivision says why the subscription cannot be divided into sublicenses;
// nil when it can.
func (s Subscription) refusesDivision(policy catalog.Policy, zone *time.Location, now time.Time) error {
	if s.OrganizationID == "" {
		return problem.New(problem.KeyNotRegistered)
	}
	return s.refusesRegistration(policy, zone, now)
}

// SublicenseEffect says what making or changing a sublicense does, or would do.
type SublicenseEffect struct {
	Unlimited     bool // the subscription; then there is no pool
	Before, After Pool
	Used          int64  // by the sublicense's rows
	MaximumBefore *int64 // of the sublicense; nil for a new one
	MaximumAfter  int64
	Refusal       error // why it may not be; nil when it may
}

// effect judges a change without doing it.
func (r division) effect() SublicenseEffect {
	after, refusal := r.rule()
	e := SublicenseEffect{
		Unlimited: r.Subscription.Quantity == nil, Before: r.Pool, After: after, Used: r.Used, Refusal: refusal,
		MaximumAfter: r.maximum(after, r.After),
	}
	if r.Before != nil {
		before := r.maximum(r.Pool, *r.Before)
		e.MaximumBefore = &before
	}
	return e
}

func (r division) maximum(p Pool, n Sublicense) int64 {
	t := terms{Key: n.to(Key{Kind: SublicenseKey}), Subscription: r.Subscription}
	return *t.maximum(p, r.Used)
}
