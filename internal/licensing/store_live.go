package licensing

import (
	"database/sql"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/issuer"
	"github.com/licethq/licet/licensefile"
)

// live is a row as the exchange's hot path reads it: only what an answer needs,
// and, in the same statement, which certificate signs.
type live struct {
	slot        Slot
	activation  Activation
	terms       terms
	offer       catalog.OfferVersion
	mark        issuer.Mark
	answer      [2]int64 // at, expires
	seen, until int64

	digest, described                           []byte
	forked, usedAt, over, grace, reported       database.NullInstant
	suspended                                   database.NullInstant
	organizationName, endsOn, maintenanceEndsOn sql.NullString
	keyEndsOn, canceledOn                       sql.NullString
	quantity, quota                             sql.NullInt64
}

const selectLive = `
	SELECT l.id, l.organization_id, l.sequence, l.digest, l.held, l.serial,
	       l.answer_serial, l.answer_at, l.answer_expires, l.described, l.forked_at,
	       a.id, a.key_id, a.subscription_id, a.method, a.used, a.peak, a.used_at,
	       a.over_since, a.over_recorded, a.grace_due, a.last_seen_at, a.last_reported_at, a.expires_at,
	       k.kind, k.last_four, k.quota, k.reserved, k.ends_on, k.issued_on,
	       s.plan_id, s.quantity, s.starts_on, s.ends_on, s.maintenance_ends_on, s.offline_allowed, s.suspended_at, s.canceled_on, o.name,
	       p.version, d.version, ` + poolColumns + `, ` + issuer.MarkColumns + `
	FROM slot l` + issuer.MarkJoin + `
	JOIN activation a ON a.slot_id = l.id AND a.ended_at IS NULL
	JOIN license_key k ON k.id = a.key_id ` + termsJoins + `
	WHERE l.installation_id = ? AND l.site_id = ? AND l.license_type = ?`

func scanLive(r database.Row) (*live, error) {
	v := &live{}
	l, a, t := &v.slot, &v.activation, &v.terms
	s := &t.Subscription
	err := r.Scan(append([]any{
		&l.ID, &l.OrganizationID, &l.Sequence, &v.digest, &l.Held, &l.Serial,
		&l.Answer.Serial, &v.answer[0], &v.answer[1], &v.described, &v.forked,
		&a.ID, &a.KeyID, &a.SubscriptionID, &a.Method, &a.Used, &a.Peak, &v.usedAt,
		&v.over, &a.OverRecorded, &v.grace, &v.seen, &v.reported, &v.until,
		&t.Key.Kind, &t.Key.LastFour, &v.quota, &t.Key.Reserved, &v.keyEndsOn, &t.Key.IssuedOn,
		&s.PlanID, &v.quantity, &s.StartsOn, &v.endsOn, &v.maintenanceEndsOn, &s.OfflineAllowed, &v.suspended, &v.canceledOn, &v.organizationName,
		&v.offer.Plan, &v.offer.Product, &t.Pool.Used, &t.Pool.Reserved, &t.Pool.ReservedInUse,
	}, v.mark.Destinations()...)...)
	return v, err
}

// row gives the row that was scanned. The site's name is not read: the request
// says it, and the slot's digest tells whether it is another one.
func (v *live) row(req *licensefile.SignedRequest) *row {
	l, a, t := v.slot, v.activation, v.terms
	l.InstallationID, l.SiteID, l.LicenseType = req.Thumbprint, req.Request.Slot.Site.ID, req.Request.Slot.LicenseType
	copy(l.Digest[:], v.digest)
	copy(l.Described[:], v.described)
	l.Answer.At, l.Answer.Expires = database.Instant(v.answer[0]), database.Instant(v.answer[1])
	l.ForkedAt = v.forked.Ptr()
	l.SiteName = req.Request.Slot.Site.Name

	a.SlotID, a.OrganizationID = l.ID, l.OrganizationID
	a.LastSeenAt, a.ExpiresAt = database.Instant(v.seen), database.Instant(v.until)
	a.UsedAt, a.OverSince, a.GraceDue, a.LastReportedAt = v.usedAt.Ptr(), v.over.Ptr(), v.grace.Ptr(), v.reported.Ptr()

	t.Key.ID, t.Key.SubscriptionID = a.KeyID, a.SubscriptionID
	t.Key.Quota, t.Key.EndsOn = int64Pointer(v.quota), licensefile.Date(v.keyEndsOn.String)
	s := &t.Subscription
	s.ID, s.OrganizationID, s.OrganizationName = a.SubscriptionID, l.OrganizationID, v.organizationName.String
	s.EndsOn, s.MaintenanceEndsOn = licensefile.Date(v.endsOn.String), licensefile.Date(v.maintenanceEndsOn.String)
	s.Quantity, s.SuspendedAt, s.CanceledOn = int64Pointer(v.quantity), v.suspended.Ptr(), licensefile.Date(v.canceledOn.String)
	t.setTotal()
	return &row{Slot: l, Activation: a, Terms: t}
}

// liveRow loads a slot with its live activation, in the one statement that every
// check-in and refresh needs; ErrNoRows when there is none. The installation is
// loaded only when the request says other things of it, or when asked is true.
func (s *Service) liveRow(q database.Querier, req *licensefile.SignedRequest, today licensefile.Date, asked bool) (situation, issuer.Mark, error) {
	var known situation
	ref := req.Request.Slot
	v, err := database.One(q, scanLive, selectLive, append(poolArguments(today), req.Thumbprint, ref.Site.ID, ref.LicenseType)...)
	if err != nil {
		return known, issuer.Mark{}, err
	}
	known.row = v.row(req)
	v.offer.PlanID = v.terms.Subscription.PlanID
	if known.row.Terms.Offer, err = s.Offers.Offer(q, v.offer); err != nil {
		return known, v.mark, err
	}
	if !asked && known.row.Slot.Described == described(req.Request) {
		return known, v.mark, nil
	}
	if known.installation, err = loadInstallation(q, req.Thumbprint); err != nil {
		return known, v.mark, err
	}
	known.row.Slot.SiteName, err = database.One(q, database.Value[string],
		`SELECT name FROM site WHERE organization_id = ? AND id = ?`, known.row.Slot.OrganizationID, ref.Site.ID)
	return known, v.mark, err
}
