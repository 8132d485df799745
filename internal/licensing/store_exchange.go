package licensing

import (
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/issuer"
	"github.com/licethq/licet/licensefile"
)

// termsColumns are what terms are read from; key k, subscription s, plan p,
// product d and organization o must be joined.
const termsColumns = `
	k.id, k.kind, k.last_four, k.activation_limit, k.activations, k.name, k.quota, k.reserved, k.ends_on,
	k.replaced_by, k.deleted_at, k.issued_on, k.version,
	s.id, s.organization_id, o.name, s.plan_id, s.quantity, s.starts_on, s.ends_on, s.maintenance_ends_on,
	s.offline_allowed, s.suspended_at, s.canceled_on, p.version, d.version,
	` + poolColumns

// poolColumns are the sums of a subscription s's pool: used, reserved, reserved
// in use. A quantity of NULL is unlimited, and then nobody needs them; without
// sublicenses there is one sum. What sublicenses that ended before today, the
// argument of each sum, use and reserve does not count. A replaced key's rows are
// its successor's.
const poolColumns = `CASE
	WHEN s.quantity IS NULL THEN 0
	WHEN s.sublicenses = 0 THEN (
		SELECT CAST(COALESCE(SUM(x.used), 0) AS BIGINT) FROM activation x
		WHERE x.subscription_id = s.id AND x.ended_at IS NULL)
	ELSE (
		SELECT CAST(COALESCE(SUM(x.used), 0) AS BIGINT) FROM activation x JOIN license_key y ON y.id = x.key_id
		WHERE x.subscription_id = s.id AND x.ended_at IS NULL AND (y.ends_on IS NULL OR y.ends_on >= ?)) END,
	CASE WHEN s.quantity IS NULL OR s.sublicenses = 0 THEN 0 ELSE (
		SELECT CAST(COALESCE(SUM(y.quota), 0) AS BIGINT) FROM license_key y
		WHERE y.subscription_id = s.id AND y.reserved = 1 AND y.deleted_at IS NULL AND y.replaced_by IS NULL
		  AND (y.ends_on IS NULL OR y.ends_on >= ?)) END,
	CASE WHEN s.quantity IS NULL OR s.sublicenses = 0 THEN 0 ELSE (
		SELECT CAST(COALESCE(SUM(x.used), 0) AS BIGINT) FROM activation x JOIN license_key y ON y.id = x.key_id
		WHERE x.subscription_id = s.id AND x.ended_at IS NULL AND y.reserved = 1
		  AND (y.ends_on IS NULL OR y.ends_on >= ?)) END`

// poolArguments are those of poolColumns, which come first in a statement.
func poolArguments(today licensefile.Date) []any {
	return []any{string(today), string(today), string(today)}
}

// loadPool gives the pool of a subscription, as of a day; an unlimited one has
// nothing in it.
func loadPool(q database.Querier, subscriptionID string, today licensefile.Date) (Pool, error) {
	return database.One(q, func(r database.Row) (p Pool, err error) {
		var total sql.NullInt64
		err = r.Scan(&p.Used, &p.Reserved, &p.ReservedInUse, &total)
		p.Total = total.Int64
		return p, err
	}, `SELECT `+poolColumns+`, s.quantity FROM subscription s WHERE s.id = ?`, append(poolArguments(today), subscriptionID)...)
}

const termsJoins = `
	JOIN subscription s ON s.id = k.subscription_id
	JOIN plan p ON p.id = s.plan_id
	JOIN product d ON d.id = p.product_id
	LEFT JOIN organization o ON o.id = s.organization_id`

// termsRow takes the columns of termsColumns; destinations lists where they go.
type termsRow struct {
	terms
	replacedBy, organization, organizationName, endsOn, maintenance sql.NullString
	keyEndsOn, canceledOn                                           sql.NullString
	limit, quantity, quota                                          sql.NullInt64
	suspended, deleted                                              database.NullInstant
	at                                                              catalog.OfferVersion
}

func (t *termsRow) destinations() []any {
	k, s := &t.Key, &t.Subscription
	return []any{
		&k.ID, &k.Kind, &k.LastFour, &t.limit, &k.Activations, &k.Name, &t.quota, &k.Reserved, &t.keyEndsOn,
		&t.replacedBy, &t.deleted, &k.IssuedOn, &k.Version,
		&s.ID, &t.organization, &t.organizationName, &s.PlanID, &t.quantity, &s.StartsOn, &t.endsOn, &t.maintenance,
		&s.OfflineAllowed, &t.suspended, &t.canceledOn, &t.at.Plan, &t.at.Product,
		&t.Pool.Used, &t.Pool.Reserved, &t.Pool.ReservedInUse,
	}
}

// take gives the terms that were scanned.
func (t *termsRow) take() terms {
	t.Key.SubscriptionID, t.Key.ReplacedBy = t.Subscription.ID, t.replacedBy.String
	t.Key.ActivationLimit, t.Key.Quota = int64Pointer(t.limit), int64Pointer(t.quota)
	t.Key.EndsOn, t.Key.DeletedAt = licensefile.Date(t.keyEndsOn.String), t.deleted.Ptr()
	s := &t.Subscription
	s.OrganizationID, s.OrganizationName = t.organization.String, t.organizationName.String
	s.EndsOn, s.MaintenanceEndsOn = licensefile.Date(t.endsOn.String), licensefile.Date(t.maintenance.String)
	s.Quantity, s.SuspendedAt, s.CanceledOn = int64Pointer(t.quantity), t.suspended.Ptr(), licensefile.Date(t.canceledOn.String)
	t.setTotal()
	return t.terms
}

// setTotal completes the pool that was scanned.
func (t *terms) setTotal() {
	if t.Subscription.Quantity != nil {
		t.Pool.Total = *t.Subscription.Quantity
	}
}

func int64Pointer(n sql.NullInt64) *int64 {
	if !n.Valid {
		return nil
	}
	return &n.Int64
}

// offered loads a key by its look-up hash, and the publisher's mark; ErrNoRows
// when there is none.
func (s *Service) offered(q database.Querier, lookup []byte, today licensefile.Date) (*terms, issuer.Mark, error) {
	var mark issuer.Mark
	t, err := database.One(q, func(r database.Row) (termsRow, error) {
		var t termsRow
		err := r.Scan(append(append(t.destinations(), &t.KeyUsed), mark.Destinations()...)...)
		return t, err
	}, `SELECT `+termsColumns+`, `+keyUsed+`, `+issuer.MarkColumns+` FROM license_key k `+issuer.MarkJoin+termsJoins+` WHERE k.lookup = ?`,
		append(poolArguments(today), lookup)...)
	if err != nil {
		return nil, mark, err
	}
	complete, err := s.withOffer(q, &t)
	return complete, mark, err
}

// keyUsed is what the live rows of a sublicense use; nobody asks it of others.
const keyUsed = `CASE WHEN k.quota IS NULL THEN 0 ELSE (
	SELECT CAST(COALESCE(SUM(x.used), 0) AS BIGINT) FROM activation x WHERE x.key_id = k.id AND x.ended_at IS NULL) END`

// importedActivation gives a live activation of a key by an installation that
// only stands for one of another system: the one that has the host name, else the
// first; nil when there is none. A key with a limit has few activations to look
// through. One without may have many: then the organization's stand-ins are, of
// which most have none.
func importedActivation(q database.Querier, organizationID string, k Key, hostName string) (*Activation, error) {
	from := `activation a CROSS JOIN slot l CROSS JOIN installation i`
	if k.ActivationLimit == nil {
		from = `installation i CROSS JOIN slot l CROSS JOIN activation a`
	}
	a, err := database.One(q, func(r database.Row) (Activation, error) {
		var a activationRow
		a.slot.OrganizationID = organizationID
		err := r.Scan(append([]any{&a.slot.ID}, a.activationDestinations()...)...)
		_, found := a.take("")
		return found, err
	}, `SELECT l.id, `+activationColumns+` FROM `+from+`
		WHERE a.key_id = ? AND a.ended_at IS NULL AND l.id = a.slot_id
		  AND i.organization_id = ? AND i.imported = 1 AND i.id = l.installation_id
		ORDER BY CASE WHEN i.host_name <> '' AND LOWER(i.host_name) = LOWER(?) THEN 0 ELSE 1 END, a.id LIMIT 1`,
		k.ID, organizationID, hostName)
	if errors.Is(err, database.ErrNoRows) {
		return nil, nil //nolint:nilnil // few keys have one
	}
	return &a, err
}

// retireStandIn notes that an installation has taken the place of a stand-in,
// which is history from then on.
func retireStandIn(tx *database.Tx, slotID string) error {
	_, err := tx.Exec(`UPDATE installation SET imported = 0 WHERE id = (SELECT installation_id FROM slot WHERE id = ?)`, slotID)
	return err
}

// withOffer gives the terms that were scanned, with the offer that they name.
func (s *Service) withOffer(q database.Querier, t *termsRow) (*terms, error) {
	t.at.PlanID = t.Subscription.PlanID
	offer, err := s.Offers.Offer(q, t.at)
	if err != nil {
		return nil, err
	}
	complete := t.take()
	complete.Offer = offer
	return &complete, nil
}

const installationColumns = `i.id, i.organization_id, i.name, i.host_name, i.operating_system, i.software_version`

func (i *Installation) destinations() []any {
	return []any{&i.ID, &i.OrganizationID, &i.Name, &i.HostName, &i.OperatingSystem, &i.SoftwareVersion}
}

func loadInstallation(q database.Querier, id string) (*Installation, error) {
	i, err := database.One(q, func(r database.Row) (Installation, error) {
		var i Installation
		var fingerprint []byte
		if err := r.Scan(append(i.destinations(), &fingerprint)...); err != nil {
			return i, err
		}
		return i, json.Unmarshal(fingerprint, &i.Fingerprint)
	}, `SELECT `+installationColumns+`, i.fingerprint FROM installation i WHERE i.id = ?`, id)
	if errors.Is(err, database.ErrNoRows) {
		return nil, nil //nolint:nilnil // a stranger is not an error
	}
	return &i, err
}

const slotColumns = `
	l.id, l.organization_id, l.site_id, t.name, l.license_type, l.sequence, l.digest, l.held, l.serial,
	l.answer_serial, l.answer_at, l.answer_expires, l.described, l.forked_at`

const activationColumns = `
	a.id, a.key_id, a.subscription_id, a.method, a.started_at, a.ended_at, a.end_reason, a.end_note, a.used, a.peak, a.used_at,
	a.over_since, a.over_recorded, a.grace_due, a.last_seen_at, a.last_reported_at, a.expires_at`

// activationRow takes the columns of slotColumns and activationColumns.
type activationRow struct {
	slot                                          Slot
	activation                                    Activation
	digest, described                             []byte
	answerAt, answerExpires, started, seen, until int64
	forked, ended, usedAt, over, grace, reported  database.NullInstant
	reason                                        sql.NullString
}

func (a *activationRow) slotDestinations() []any {
	l := &a.slot
	return []any{
		&l.ID, &l.OrganizationID, &l.SiteID, &l.SiteName, &l.LicenseType, &l.Sequence, &a.digest, &l.Held, &l.Serial,
		&l.Answer.Serial, &a.answerAt, &a.answerExpires, &a.described, &a.forked,
	}
}

func (a *activationRow) activationDestinations() []any {
	v := &a.activation
	return []any{
		&v.ID, &v.KeyID, &v.SubscriptionID, &v.Method, &a.started, &a.ended, &a.reason, &v.EndNote, &v.Used, &v.Peak, &a.usedAt,
		&a.over, &v.OverRecorded, &a.grace, &a.seen, &a.reported, &a.until,
	}
}

// take gives the slot and the activation that were scanned.
func (a *activationRow) take(installationID string) (Slot, Activation) {
	l, v := a.slot, a.activation
	l.InstallationID = installationID
	copy(l.Digest[:], a.digest)
	copy(l.Described[:], a.described)
	l.Answer.At, l.Answer.Expires = database.Instant(a.answerAt), database.Instant(a.answerExpires)
	l.ForkedAt = a.forked.Ptr()
	v.SlotID, v.OrganizationID = l.ID, l.OrganizationID
	v.StartedAt, v.LastSeenAt, v.ExpiresAt = database.Instant(a.started), database.Instant(a.seen), database.Instant(a.until)
	v.EndedAt, v.UsedAt, v.OverSince, v.LastReportedAt = a.ended.Ptr(), a.usedAt.Ptr(), a.over.Ptr(), a.reported.Ptr()
	v.GraceDue = a.grace.Ptr()
	v.EndReason = EndReason(a.reason.String)
	return l, v
}

// endedRow loads a slot whose activations have all ended, with the last of them.
// It says so in the statement: another may have started since somebody looked
// for a live one.
func endedRow(q database.Querier, req *licensefile.SignedRequest) (*row, error) {
	var a activationRow
	ref := req.Request.Slot
	_, err := database.One(q, func(r database.Row) (bool, error) {
		return true, r.Scan(append(a.slotDestinations(), a.activationDestinations()...)...)
	}, `SELECT `+slotColumns+`,`+activationColumns+`
		FROM slot l
		JOIN site t ON t.organization_id = l.organization_id AND t.id = l.site_id
		JOIN activation a ON a.slot_id = l.id
		WHERE l.installation_id = ? AND l.site_id = ? AND l.license_type = ?
		  AND NOT EXISTS (SELECT 1 FROM activation v WHERE v.slot_id = l.id AND v.ended_at IS NULL)
		ORDER BY a.started_at DESC, a.id DESC LIMIT 1`,
		req.Thumbprint, ref.Site.ID, ref.LicenseType)
	if errors.Is(err, database.ErrNoRows) {
		return nil, nil //nolint:nilnil // a slot that is new is not an error
	}
	if err != nil {
		return nil, err
	}
	found := &row{}
	found.Slot, found.Activation = a.take(req.Thumbprint)
	return found, nil
}

// insertInstallation stores a new installation; ErrAgain when another request of
// it was first, perhaps for another organization.
func insertInstallation(tx *database.Tx, i Installation, now time.Time) error {
	fingerprint, err := json.Marshal(i.Fingerprint)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`
		INSERT INTO installation (id, organization_id, name, host_name, operating_system, software_version, fingerprint, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		i.ID, i.OrganizationID, i.Name, i.HostName, i.OperatingSystem, i.SoftwareVersion, string(fingerprint), database.Micros(now))
	if err == nil && n == 0 {
		return database.ErrAgain
	}
	return err
}

func updateInstallation(tx *database.Tx, i Installation) error {
	fingerprint, err := json.Marshal(i.Fingerprint)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`
		UPDATE installation SET host_name = ?, operating_system = ?, software_version = ?, fingerprint = ? WHERE id = ?`,
		i.HostName, i.OperatingSystem, i.SoftwareVersion, string(fingerprint), i.ID)
	return err
}

func insertSlot(tx *database.Tx, l Slot, now time.Time) error {
	_, err := tx.Exec(`
		INSERT INTO slot (id, installation_id, organization_id, site_id, license_type, sequence, digest, held, serial,
		                  answer_serial, answer_at, answer_expires, described, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		l.ID, l.InstallationID, l.OrganizationID, l.SiteID, l.LicenseType, l.Sequence, l.Digest[:], l.Held, l.Serial,
		l.Answer.Serial, database.Micros(l.Answer.At), database.Micros(l.Answer.Expires), l.Described[:], database.Micros(now))
	return err
}

// updateSlot writes a slot if it still is as it was read; ErrAgain otherwise.
// Every change of a row goes through here, so a row cannot change unnoticed
// between reading and writing.
func updateSlot(tx *database.Tx, before, l Slot) error {
	n, err := tx.Exec(`
		UPDATE slot SET sequence = ?, digest = ?, held = ?, serial = ?,
		                answer_serial = ?, answer_at = ?, answer_expires = ?, described = ?, forked_at = ?
		WHERE id = ? AND sequence = ? AND serial = ? AND digest = ?`,
		l.Sequence, l.Digest[:], l.Held, l.Serial,
		l.Answer.Serial, database.Micros(l.Answer.At), database.Micros(l.Answer.Expires), l.Described[:], database.NullMicros(l.ForkedAt),
		l.ID, before.Sequence, before.Serial, before.Digest[:])
	if err == nil && n == 0 {
		return database.ErrAgain
	}
	return err
}

func insertActivation(tx *database.Tx, a Activation) error {
	_, err := tx.Exec(`
		INSERT INTO activation (id, slot_id, organization_id, key_id, subscription_id, method, started_at, used, peak, used_at,
		                        over_since, over_recorded, grace_due, last_seen_at, last_reported_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		a.ID, a.SlotID, a.OrganizationID, a.KeyID, a.SubscriptionID, a.Method, database.Micros(a.StartedAt), a.Used, a.Peak,
		database.NullMicros(a.UsedAt), database.NullMicros(a.OverSince), a.OverRecorded, database.NullMicros(a.GraceDue),
		database.Micros(a.LastSeenAt), database.NullMicros(a.LastReportedAt), database.Micros(a.ExpiresAt))
	return err
}

// updateActivation writes a live activation; ErrAgain when it has ended.
func updateActivation(tx *database.Tx, a Activation) error {
	var reason any
	if a.EndReason != "" {
		reason = a.EndReason
	}
	n, err := tx.Exec(`
		UPDATE activation SET ended_at = ?, end_reason = ?, end_note = ?, used = ?, peak = ?, used_at = ?, over_since = ?, over_recorded = ?, grace_due = ?,
		                      last_seen_at = ?, last_reported_at = ?, expires_at = ?
		WHERE id = ? AND ended_at IS NULL`,
		database.NullMicros(a.EndedAt), reason, a.EndNote, a.Used, a.Peak, database.NullMicros(a.UsedAt),
		database.NullMicros(a.OverSince), a.OverRecorded, database.NullMicros(a.GraceDue), database.Micros(a.LastSeenAt),
		database.NullMicros(a.LastReportedAt), database.Micros(a.ExpiresAt), a.ID)
	if err == nil && n == 0 {
		return database.ErrAgain
	}
	return err
}

// takeActivation counts one more activation of a key. The guard is the limit: a
// key can never have more activations than it allows (N5). Keys without a limit
// are not counted, but like all they cannot be activated while they are replaced
// or deleted.
func takeActivation(tx *database.Tx, keyID string) (bool, error) {
	n, err := tx.Exec(`
		UPDATE license_key SET activations = activations + CASE WHEN activation_limit IS NULL THEN 0 ELSE 1 END
		WHERE id = ? AND replaced_by IS NULL AND deleted_at IS NULL AND (activation_limit IS NULL OR activations < activation_limit)`, keyID)
	return n == 1, err
}

// holdSubscription makes the transaction own a subscription until it ends, and
// changes nothing of it.
func holdSubscription(tx *database.Tx, id string) error {
	_, err := tx.Exec(`UPDATE subscription SET version = version WHERE id = ?`, id)
	return err
}

// freeActivation gives an activation of a key back.
func freeActivation(tx *database.Tx, keyID string) error {
	_, err := tx.Exec(`
		UPDATE license_key SET activations = activations - 1
		WHERE id = ? AND activation_limit IS NOT NULL AND activations > 0`, keyID)
	return err
}

// insertUsage stores a period; the same period again replaces its figures.
func insertUsage(tx *database.Tx, activationID string, u licensefile.Usage, now time.Time) error {
	_, err := tx.Exec(`
		INSERT INTO usage_report (activation_id, metric, to_at, from_at, used, peak, received_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (activation_id, metric, to_at, from_at)
		DO UPDATE SET used = excluded.used, peak = excluded.peak, received_at = excluded.received_at`,
		activationID, u.Metric, database.Micros(u.To), database.Micros(u.From), u.Used, u.Peak, database.Micros(now))
	return err
}
