package licensing

import (
	"time"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/issuer"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// terms is a key with everything that it brings into a slot.
type terms struct {
	Key          Key
	Subscription Subscription
	Offer        *catalog.Offer
	Pool         Pool // of the subscription; nothing is in it when that is unlimited

	KeyUsed int64 // by the live rows of an offered key

	// Imported is an activation of the offered key that came from another system
	// and has no key pair: the first installation that brings the key takes its
	// place (P19), so that the pool never counts both.
	Imported *Activation
}

// maximum gives how many devices a row with these terms, which uses some, may
// manage when the pool is p; nil is unlimited.
func (t terms) maximum(p Pool, used int64) *int64 {
	if t.Subscription.Quantity == nil {
		return t.Key.Quota
	}
	maximum := p.Maximum(t.Key, used)
	return &maximum
}

// unused gives how many licenses could still be added to a sublicense, or nil
// when the subscription is unlimited.
func (t terms) unused(p Pool) *int64 {
	if t.Subscription.Quantity == nil {
		return nil
	}
	free := p.Free()
	return &free
}

// end is the instant at which a row with these terms stops: the end of the
// subscription, or that of the sublicense when it comes first; nil for ever.
func (t terms) end(zone *time.Location) *time.Time { return t.endOf(t.Offer.Policy, zone) }

func (t terms) endOf(policy catalog.Policy, zone *time.Location) *time.Time {
	end := t.Subscription.End(policy, zone)
	if t.Key.EndsOn == "" {
		return end
	}
	own := t.Key.EndsOn.EndIn(zone)
	if end != nil && end.Before(own) {
		return end
	}
	return &own
}

// endDate is the last day that people are told.
func (t terms) endDate() licensefile.Date {
	end := t.Subscription.EndsOn
	for _, day := range []licensefile.Date{t.Subscription.CanceledOn, t.Key.EndsOn} {
		if day != "" && (end == "" || day < end) {
			end = day
		}
	}
	return end
}

// row is a slot with its live activation and that one's terms, or with the last
// activation when none is live.
type row struct {
	Slot       Slot
	Activation Activation
	Terms      terms // of a live activation only
}

func (r *row) live() bool { return r != nil && r.Activation.EndedAt == nil }

// situation is all that the database knows and that bears on a request.
type situation struct {
	// installation is nil for a stranger, and for a row whose installation says
	// the same of itself and its site as last time: then nobody asks.
	installation *Installation
	row          *row   // nil for a slot that is new
	offered      *terms // the key of an activate
}

// organization gives the organization of an installation that is known; empty
// for a stranger.
func (s situation) organization() string {
	switch {
	case s.installation != nil:
		return s.installation.OrganizationID
	case s.row != nil:
		return s.row.Slot.OrganizationID
	}
	return ""
}

// renamed reports whether the installation calls a known site by another name.
func (s situation) renamed(name string) bool {
	return s.row != nil && s.installation != nil && s.row.Slot.SiteName != name
}

// changed reports whether a known installation says other things of itself.
func (s situation) changed(a licensefile.About) bool {
	return s.installation != nil && !s.installation.describes(a)
}

// outcome is what becomes of a request that is not refused.
type outcome int

const (
	taken    outcome = iota // write it down, then answer
	repeated                // the last accepted request again: the same answer, nothing written
	closed                  // the row is ended: a receipt says so, nothing written
	forked                  // write down that a fork was seen, then refuse
)

// ruling is what the rules say about a request: the rows as they will be, and
// what the answer speaks of. Nothing of it has happened yet.
type ruling struct {
	outcome outcome
	request *licensefile.SignedRequest
	now     time.Time
	situation

	toInstallation Installation
	toSlot         Slot
	toActivation   Activation
	terms          terms
	pool           Pool // after the request
	usage          []licensefile.Usage

	starts      bool // a new activation
	ends        bool // the live one, at the installation's request
	forks       bool // two copies are seen for the first time
	restored    bool // the installation holds a license that this database never issued
	overChanged bool // the row went over its limit, or back under it
}

// moves reports whether a new activation takes the place of a live one.
func (r *ruling) moves() bool { return r.starts && r.row.live() }

// replaces reports whether a new activation takes the place of an imported one.
func (r *ruling) replaces() bool { return r.starts && r.terms.Imported != nil }

// rule judges a request. It is pure: the same values give the same ruling.
func rule(req *licensefile.SignedRequest, s situation, current *issuer.Current, now time.Time) (ruling, error) {
	r := ruling{request: req, now: now, situation: s}
	activate := req.Request.Kind == licensefile.KindActivate
	if s.row == nil && !activate {
		return r, problem.New(problem.NotActivated)
	}
	if s.row != nil {
		r.toSlot, r.toActivation, r.terms = s.row.Slot, s.row.Activation, s.row.Terms
		complete, err := r.hold(activate)
		if complete || err != nil {
			return r, err
		}
	}
	if activate {
		if err := r.bind(current); err != nil {
			return r, err
		}
	}
	r.ends = req.Request.Kind == licensefile.KindDeactivate
	r.count()
	r.settle(current)
	return r, nil
}

// hold holds a request against the last one that the slot accepted: repeats,
// late ones and forks (EXCHANGE, "Repeats, forks, restores"). It reports whether
// the ruling is complete.
func (r *ruling) hold(activate bool) (bool, error) {
	if r.row.live() {
		return r.holdLive()
	}
	again := r.request.Digest == r.toSlot.Digest
	if !activate || again {
		r.outcome = closed
		return true, nil
	}
	if r.request.Request.Sequence <= r.toSlot.Sequence {
		return true, superseded(r.toSlot)
	}
	return false, nil
}

func (r *ruling) holdLive() (bool, error) {
	req := r.request.Request
	refuses := r.terms.Offer.Policy.OnFork == catalog.ForkRefuse && req.Kind != licensefile.KindDeactivate
	if r.toSlot.ForkedAt != nil && refuses {
		return true, problem.New(problem.InstallationForked)
	}
	if r.request.Digest == r.toSlot.Digest {
		r.outcome = repeated
		r.pool = r.terms.Pool
		return true, nil
	}
	if req.Sequence < r.toSlot.Sequence {
		return true, superseded(r.toSlot)
	}
	if req.Sequence == r.toSlot.Sequence || req.Previous < r.toSlot.Held {
		r.forks = r.toSlot.ForkedAt == nil
		if r.forks {
			r.toSlot.ForkedAt = &r.now
		}
		if refuses {
			r.outcome = forked
			return true, nil
		}
	}
	return false, nil
}

// superseded refuses a request that is older than one accepted. The signature
// proves that the bound installation asks, so it learns the highest sequence.
func superseded(s Slot) error {
	p := problem.New(problem.RequestSuperseded)
	p.HighestSequence = s.Sequence
	return p
}

// bind puts the offered key into the slot. The same key by the same method goes
// on with its activation; anything else starts a new one, which takes the place
// of a live one: the installation itself signed the move.
func (r *ruling) bind(current *issuer.Current) error {
	req, offered := r.request.Request, r.offered
	if err := admits(req, r.situation, current.Zone, r.now); err != nil {
		return err
	}
	same := r.row.live() && r.row.Activation.KeyID == offered.Key.ID
	if !same {
		if err := offered.exhausted(); err != nil {
			return err
		}
	}
	r.terms = *offered
	if same && r.row.Activation.Method == req.Method {
		return nil
	}
	r.leavePool()
	r.starts = true
	r.settleIn(offered.Subscription.OrganizationID)
	r.toActivation = Activation{
		SlotID: r.toSlot.ID, OrganizationID: r.toSlot.OrganizationID, KeyID: offered.Key.ID,
		SubscriptionID: offered.Subscription.ID, Method: req.Method, StartedAt: r.now,
	}
	return nil
}

// leavePool takes what ended activations of the subscription used out of the
// pool.
func (r *ruling) leavePool() {
	if r.row.live() && r.row.Activation.SubscriptionID == r.terms.Subscription.ID {
		r.terms.Pool = r.terms.Pool.after(r.row.Terms.Key, r.row.Activation.Used, 0)
	}
	if r.terms.Imported != nil {
		r.terms.Pool = r.terms.Pool.after(r.terms.Key, r.terms.Imported.Used, 0)
	}
}

// exhausted gives the refusal of one more activation of the key, or nil when one
// is free, or is held by an installation that only stands for another one.
func (t terms) exhausted() error {
	if t.Imported != nil {
		return nil
	}
	return t.Key.exhausted()
}

// admits says why a key cannot be activated in a slot, whether or not one of its
// activations is free; nil when it can.
func admits(req licensefile.Request, s situation, zone *time.Location, now time.Time) error {
	offered := s.offered
	if offered.Key.ReplacedBy != "" {
		return problem.New(problem.KeyReplaced)
	}
	if offered.Key.ended(dayIn(zone, now)) {
		return problem.New(problem.SublicenseEnded)
	}
	if err := offered.Subscription.refusesActivation(offered.Offer.Policy, zone, now); err != nil {
		return err
	}
	code, name, _ := offered.Offer.Policy.LicenseType()
	switch {
	case offered.Offer.ProductCode != req.About.Product:
		return problem.Newf(problem.WrongProduct, "This license key is for %s. Use a key of the product that asks.", offered.Offer.ProductName)
	case code != req.Slot.LicenseType:
		return problem.Newf(problem.WrongLicenseType, "This license key is for the license type %s. Use a key of this row's type.", name)
	case s.organization() != "" && s.organization() != offered.Subscription.OrganizationID:
		return problem.New(problem.OtherOrganization)
	case req.Method == licensefile.Offline && !offered.Subscription.OfflineAllowed:
		return problem.New(problem.OfflineNotAllowed)
	}
	return nil
}

// settleIn gives an activation its slot, a new one where there is none yet, and
// forgets the fork of a row that was released.
func (r *ruling) settleIn(organizationID string) {
	req := r.request.Request
	if r.row == nil {
		r.toSlot = Slot{
			InstallationID: r.request.Thumbprint, OrganizationID: organizationID,
			SiteID: req.Slot.Site.ID, LicenseType: req.Slot.LicenseType,
		}
	}
	if !r.row.live() {
		r.toSlot.ForkedAt = nil
	}
}

// count takes in the usage and says whether the row is over its limit (P7):
// used above the maximum, never at exactly the maximum.
func (r *ruling) count() {
	req := r.request.Request
	before := r.toActivation
	_, _, metric := r.terms.Offer.Policy.LicenseType()
	r.toActivation, r.usage = r.toActivation.reported(req.Usage, metric, r.now)

	r.pool = r.terms.Pool.after(r.terms.Key, before.Used, r.toActivation.Used)
	maximum := r.terms.maximum(r.pool, r.toActivation.Used)
	over := maximum != nil && r.toActivation.Used > *maximum
	switch {
	case req.OverSince != nil:
		since := earlier(*req.OverSince, r.now)
		r.toActivation.OverSince = &since
	case over && r.toActivation.OverSince == nil:
		r.toActivation.OverSince = &r.now
	case !over:
		r.toActivation.OverSince = nil
	}
	r.overChanged = over != r.toActivation.OverRecorded
	r.toActivation.OverRecorded = over
	r.toActivation.GraceDue = graceDue(before, r.toActivation, r.terms.Offer.Policy)
	if r.ends {
		r.toActivation.EndedAt, r.toActivation.EndReason = &r.now, EndDeactivated
	}
}

// graceDue says when the end of a row's over-limit grace is to be recorded (R5);
// nil when it is not over, has no grace, or that end is recorded already.
func graceDue(before, after Activation, policy catalog.Policy) *time.Time {
	grace := policy.OverLimitGrace()
	switch {
	case !after.OverRecorded || after.OverSince == nil || grace == 0:
		return nil
	case before.OverRecorded && before.OverSince != nil && before.OverSince.Equal(*after.OverSince):
		return before.GraceDue
	}
	due := after.OverSince.Add(grace)
	return &due
}

// settle numbers and dates the answer.
func (r *ruling) settle(current *issuer.Current) {
	req, slot := r.request.Request, &r.toSlot
	r.restored = r.row != nil && req.Previous > slot.Serial
	r.toInstallation = Installation{ID: r.request.Thumbprint, OrganizationID: slot.OrganizationID, Name: req.About.HostName}.described(req.About)
	slot.SiteName, slot.Described = req.Slot.Site.Name, described(req)
	slot.Sequence, slot.Digest = req.Sequence, r.request.Digest
	slot.Held = max(slot.Held, req.Previous)

	// A clock that was set back must not date an answer before the last one:
	// installations would refuse it.
	at := r.now.Truncate(time.Second)
	if at.Before(slot.Answer.At) {
		at = slot.Answer.At
	}
	end := r.terms.end(current.Zone)
	slot.Answer = Answer{At: at, Expires: expires(r.terms.Offer.Policy, r.toActivation.Method, end, at, current.Signer.NotAfter())}
	if req.Kind == licensefile.KindReport {
		slot.Serial = max(slot.Serial, req.Previous)
		r.toActivation.LastSeenAt = r.now
		return
	}
	slot.Serial = slot.nextSerial(req.Previous)
	slot.Answer.Serial = slot.Serial
	r.toActivation.LastSeenAt = r.now
	if !r.ends {
		r.toActivation.ExpiresAt = slot.Answer.Expires
	}
}

// expires gives a license's end (EXCHANGE, "Answers"): the subscription's end,
// or that of the lease when it comes first, and never past the signing
// certificate's end. end is nil for ever.
func expires(policy catalog.Policy, method licensefile.Method, end *time.Time, at, notAfter time.Time) time.Time {
	exp := notAfter
	if end != nil {
		exp = earlier(exp, *end)
	}
	lease := policy.Lease()
	if method == licensefile.Offline {
		lease = policy.OfflineLease()
	}
	if lease > 0 {
		exp = earlier(exp, at.Add(lease))
	}
	return exp
}
