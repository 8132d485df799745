package licensing

import (
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// importedSubscriptions gives the subscriptions whose column has one of the
// values.
func importedSubscriptions(q database.Querier, column string, values []string) ([]*importedSubscription, error) {
	return database.AllIn(q, func(r database.Row) (*importedSubscription, error) {
		c := &importedSubscription{stored: true}
		var organization, reference, endsOn, maintenance, canceled sql.NullString
		var quantity sql.NullInt64
		var primaries int64
		err := r.Scan(&c.ID, &organization, &reference, &c.PlanID, &quantity, &c.StartsOn, &endsOn, &maintenance, &canceled, &c.OfflineAllowed, &primaries)
		c.OrganizationID, c.Reference, c.Quantity = organization.String, reference.String, int64Pointer(quantity)
		c.EndsOn, c.MaintenanceEndsOn = licensefile.Date(endsOn.String), licensefile.Date(maintenance.String)
		c.CanceledOn, c.primary = licensefile.Date(canceled.String), primaries > 0
		return c, err
	}, `SELECT s.id, s.organization_id, s.reference, s.plan_id, s.quantity, s.starts_on, s.ends_on, s.maintenance_ends_on, s.canceled_on, s.offline_allowed,
		(SELECT COUNT(*) FROM license_key k WHERE k.subscription_id = s.id AND k.kind = 'primary')
		FROM subscription s WHERE `+column+` IN (%)`, values)
}

// lockImports lets one import after the other judge and store. On PostgreSQL
// each statement sees what is committed when it begins: an import that another
// one overtook would see half of it.
func lockImports(tx *database.Tx) error {
	_, err := tx.Exec(`UPDATE settings SET version = version WHERE id = 1`)
	return err
}

// lockSubscriptions keeps others from changing subscriptions or dividing them
// until the transaction ends.
func lockSubscriptions(tx *database.Tx, ids []string) error {
	for _, id := range ids {
		if _, err := tx.Exec(`UPDATE subscription SET version = version + 1 WHERE id = ?`, id); err != nil {
			return err
		}
	}
	return nil
}

// keysByLookup gives the keys of look-up hashes.
func keysByLookup(q database.Querier, lookups []string) ([]*importedKey, error) {
	const some = 500
	var found []*importedKey
	for len(lookups) > 0 {
		n := min(len(lookups), some)
		args := make([]any, n)
		for i, l := range lookups[:n] {
			args[i] = []byte(l)
		}
		keys, err := database.All(q, scanImportedKey, `SELECT id, subscription_id, kind, lookup, activation_limit, activations, name, quota,
			reserved, ends_on, replaced_by, deleted_at, issued_on FROM license_key WHERE lookup IN (?`+strings.Repeat(", ?", n-1)+`)`, args...)
		if err != nil {
			return nil, err
		}
		found, lookups = append(found, keys...), lookups[n:]
	}
	return found, nil
}

func scanImportedKey(r database.Row) (*importedKey, error) {
	k := &importedKey{stored: true}
	var limit, quota sql.NullInt64
	var endsOn, replacedBy sql.NullString
	var deleted database.NullInstant
	err := r.Scan(&k.ID, &k.SubscriptionID, &k.Kind, &k.lookup, &limit, &k.Activations, &k.Name, &quota,
		&k.Reserved, &endsOn, &replacedBy, &deleted, &k.IssuedOn)
	k.ActivationLimit, k.Quota, k.EndsOn = int64Pointer(limit), int64Pointer(quota), licensefile.Date(endsOn.String)
	k.ReplacedBy, k.DeletedAt = replacedBy.String, deleted.Ptr()
	return k, err
}

// standInsIn gives the stand-ins that organizations ever had, by key.
func standInsIn(q database.Querier, organizations []string) (map[string][]standIn, error) {
	found, err := database.AllIn(q, func(r database.Row) (i standIn, err error) {
		var started int64
		err = r.Scan(&i.activation.KeyID, &i.installation, &i.host, &i.site, &started, &i.activation.Used, &i.activation.Method)
		i.activation.StartedAt = database.Instant(started)
		return i, err
	}, `SELECT a.key_id, i.name, i.host_name, t.name, a.started_at, a.used, a.method
		FROM installation i JOIN slot l ON l.installation_id = i.id JOIN activation a ON a.slot_id = l.id
		JOIN site t ON t.organization_id = l.organization_id AND t.id = l.site_id
		WHERE i.id >= '`+standInPrefix+`' AND i.id < '`+standInPrefix+`~' AND i.organization_id IN (%)`, organizations)
	byKey := map[string][]standIn{}
	for _, i := range found {
		byKey[i.activation.KeyID] = append(byKey[i.activation.KeyID], i)
	}
	return byKey, err
}

// sitesNamed gives the ids of organizations' sites by their names.
func sitesNamed(q database.Querier, organizations []string) (map[[2]string]string, error) {
	found, err := database.AllIn(q, func(r database.Row) (s importedSite, err error) {
		err = r.Scan(&s.organizationID, &s.id, &s.name)
		return s, err
	}, `SELECT organization_id, id, name FROM site WHERE organization_id IN (%)`, organizations)
	named := make(map[[2]string]string, len(found))
	for _, s := range found {
		named[[2]string{s.organizationID, strings.ToLower(s.name)}] = s.id
	}
	return named, err
}

// insertImport stores what an import brings of licensing, many rows at a time.
func (s *Service) insertImport(tx *database.Tx, plan importPlan, zone *time.Location) error {
	if err := insertImportedSubscriptions(tx, plan); err != nil {
		return err
	}
	if err := s.insertImportedKeys(tx, plan, zone); err != nil {
		return err
	}
	return insertStandIns(tx, plan)
}

func insertImportedSubscriptions(tx *database.Tx, plan importPlan) error {
	rows := make([][]any, len(plan.subscriptions))
	for i, c := range plan.subscriptions {
		rows[i] = []any{
			c.ID, nullText(c.OrganizationID), c.PlanID, nullInt64(c.Quantity), string(c.StartsOn), nullText(string(c.EndsOn)),
			nullText(string(c.MaintenanceEndsOn)), c.OfflineAllowed, c.divided, c.Reference, c.Recorded.text(),
			database.NullMicros(c.Recorded.Due), c.Version, database.Micros(c.CreatedAt),
		}
	}
	return tx.InsertAll(`subscription (id, organization_id, plan_id, quantity, starts_on, ends_on, maintenance_ends_on, offline_allowed,
		sublicenses, reference, state, state_due, version, created_at)`, rows)
}

func (s *Service) insertImportedKeys(tx *database.Tx, plan importPlan, zone *time.Location) error {
	rows := make([][]any, len(plan.keys))
	divided := map[string]int64{}
	for i, k := range plan.keys {
		var endDue *time.Time
		if part := k.sublicense(); part != nil {
			endDue = part.endDue(zone)
			if k.of.stored {
				divided[k.of.ID]++
			}
		}
		rows[i] = []any{
			k.ID, k.SubscriptionID, nullText(k.of.OrganizationID), string(k.Kind), k.lookup,
			s.Keyring.Seal(purposeKey, []byte(k.text), []byte(k.ID)), k.LastFour, nullInt64(k.ActivationLimit), k.counted(), k.Name,
			nullInt64(k.Quota), k.Reserved, nullText(string(k.EndsOn)), database.NullMicros(endDue), string(k.IssuedOn), k.Version,
			database.Micros(k.CreatedAt),
		}
	}
	err := tx.InsertAll(`license_key (id, subscription_id, organization_id, kind, lookup, sealed, last_four, activation_limit, activations, name,
		quota, reserved, ends_on, end_due, issued_on, version, created_at)`, rows)
	for id, n := range divided {
		if err == nil {
			err = countSublicenses(tx, id, n)
		}
	}
	return err
}

// counted gives how many activations a new key starts with; those of a key
// without a limit are not counted.
func (k *importedKey) counted() int64 {
	if k.ActivationLimit == nil {
		return 0
	}
	return k.added
}

func insertStandIns(tx *database.Tx, plan importPlan) error {
	var sites, installations, slots, activations [][]any
	nothing := make([]byte, len(Slot{}.Digest))
	for _, t := range plan.sites {
		sites = append(sites, []any{t.organizationID, t.id, t.name, database.Micros(plan.at)})
	}
	for _, i := range plan.standIns {
		a := i.activation
		at, started, ends := database.Micros(plan.at), database.Micros(a.StartedAt), database.Micros(a.ExpiresAt)
		installations = append(installations, []any{i.installationID, a.OrganizationID, i.installation, i.host, "", "", "{}", 1, at})
		slots = append(slots, []any{a.SlotID, i.installationID, a.OrganizationID, i.siteID, i.licenseType, 0, nothing, 0, 0, 0, started, ends, nothing, at})
		activations = append(activations, []any{
			a.ID, a.SlotID, a.OrganizationID, a.KeyID, a.SubscriptionID, string(a.Method), started, a.Used, a.Peak,
			database.NullMicros(a.UsedAt), database.Micros(a.LastSeenAt), ends,
		})
		if i.key.stored {
			if counted, err := takeActivation(tx, a.KeyID); err != nil || !counted && i.key.ActivationLimit != nil {
				return errors.Join(err, database.ErrAgain)
			}
		}
	}
	if err := tx.InsertAll(`site (organization_id, id, name, created_at)`, sites); err != nil {
		return err
	}
	if err := tx.InsertAll(`installation (id, organization_id, name, host_name, operating_system, software_version, fingerprint, imported, created_at)`, installations); err != nil {
		return err
	}
	if err := tx.InsertAll(`slot (id, installation_id, organization_id, site_id, license_type, sequence, digest, held, serial, answer_serial,
		answer_at, answer_expires, described, created_at)`, slots); err != nil {
		return err
	}
	return tx.InsertAll(`activation (id, slot_id, organization_id, key_id, subscription_id, method, started_at, used, peak, used_at, last_seen_at, expires_at)`, activations)
}

// importEvent gives what the log says of an import.
func importEvent(q database.Querier, id string) (string, error) {
	data, err := database.One(q, database.Value[string],
		`SELECT data FROM event WHERE subject_kind = 'import' AND subject_id = ? AND kind = 'import.stored'`, id)
	if errors.Is(err, database.ErrNoRows) {
		err = problem.New(problem.NotFound)
	}
	return data, err
}
