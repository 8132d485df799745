package licensing

import (
	"cmp"

	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

var (
	subscriptionLayout = layout{
		file: "subscriptions", needed: []string{"reference", "product", "plan", "starts_on"},
		optional: []string{"organization", "quantity", "ends_on", "maintenance_ends_on", "offline_allowed"},
	}
	keyLayout = layout{
		file: "keys", needed: []string{"subscription", "key"},
		optional: []string{"kind", "name", "quota", "mode", "ends_on", "issued_on"},
	}
)

// subscriptionsOf judges the subscriptions of an import.
func (m *importer) subscriptionsOf(s *sheet) {
	seen := map[string]bool{}
	for _, r := range s.rows {
		reference, ok := m.need(r, "reference")
		if ok && seen[reference] {
			m.fault(r, "reference", FaultDuplicate, "is in the file already")
			continue
		}
		seen[reference] = true
		drafted, valid := m.subscription(r, reference)
		stored, known := m.subscriptions[reference]
		switch {
		case !ok:
		case known && valid:
			m.compareSubscription(r, drafted, stored)
		case !known:
			drafted.broken = !valid
			m.subscriptions[reference] = drafted // also with faults, so that its keys have none for that
			if valid {
				m.plan.subscriptions = append(m.plan.subscriptions, drafted)
				m.created(r)
			}
		}
	}
}

// subscription drafts the subscription of a row.
func (m *importer) subscription(r sheetRow, reference string) (*importedSubscription, bool) {
	organization, okOrganization := m.organization(r)
	quantity, okQuantity := m.number(r, "quantity")
	starts, okStarts := m.day(r, "starts_on")
	_, okGiven := m.need(r, "starts_on")
	ends, okEnds := m.day(r, "ends_on")
	maintenance, okMaintenance := m.day(r, "maintenance_ends_on")
	offline, okOffline := m.yes(r, "offline_allowed")
	_, okProduct := m.need(r, "product")
	_, okCode := m.need(r, "plan")
	plan, okPlan := m.plans[[2]string{r.cell("product"), r.cell("plan")}]
	if okProduct && okCode && !okPlan {
		m.fault(r, "plan", FaultUnknown, "names no plan of the product")
	}
	drafted := &importedSubscription{Policy: plan.Policy, Subscription: Subscription{
		Reference:      reference,
		OrganizationID: organization.ID, PlanID: plan.ID, Quantity: quantity, StartsOn: starts, EndsOn: ends,
		MaintenanceEndsOn: maintenance, OfflineAllowed: plan.Policy.OfflineAllowed, Version: 1, CreatedAt: m.now,
	}}
	if quantity != nil {
		drafted.Pool.Total = *quantity
	}
	if offline != nil {
		drafted.OfflineAllowed = *offline
	}
	drafted.ID = m.newID()
	ok := okOrganization && okQuantity && okStarts && okGiven && okEnds && okMaintenance && okOffline && okProduct && okCode && okPlan
	if !ok {
		return drafted, false
	}
	drafted.Subscription = drafted.settled(plan.Policy, m.zone, m.now)
	return drafted, m.adopt(r, NewSubscription{
		PlanID: plan.ID, OrganizationID: organization.ID, Quantity: quantity, StartsOn: starts, EndsOn: ends, MaintenanceEndsOn: maintenance,
		Reference: reference,
	}.Validate(plan.Policy))
}

// compareSubscription holds a row against the subscription that is stored. One
// that was unregistered in the file may have been registered since.
func (m *importer) compareSubscription(r sheetRow, drafted, stored *importedSubscription) {
	m.same(r, map[string]bool{
		"organization":        drafted.OrganizationID == "" || drafted.OrganizationID == stored.OrganizationID,
		"plan":                drafted.PlanID == stored.PlanID,
		"quantity":            equalNumbers(drafted.Quantity, stored.Quantity),
		"starts_on":           drafted.StartsOn == stored.StartsOn,
		"ends_on":             drafted.EndsOn == stored.EndsOn,
		"maintenance_ends_on": drafted.MaintenanceEndsOn == stored.MaintenanceEndsOn,
		"offline_allowed":     r.cell("offline_allowed") == "" || drafted.OfflineAllowed == stored.OfflineAllowed,
	})
}

// keysOf judges the keys of an import. Keys keep the form they have: no check
// character is asked for.
func (m *importer) keysOf(s *sheet) {
	seen := map[string]bool{}
	for _, r := range s.rows {
		of, okOf := m.subscriptionOf(r)
		kind, okKind := m.oneOf(r, "kind", string(PrimaryKey), string(SublicenseKey))
		issued, okIssued := m.day(r, "issued_on")
		lookup, okKey := m.lookupOf(r)
		if okKey && seen[string(lookup)] {
			m.fault(r, "key", FaultDuplicate, "is in the file already")
			okKey = false
		}
		seen[string(lookup)] = true
		if !okOf || !okKind || !okIssued || !okKey {
			m.breakKey(lookup)
			continue
		}
		drafted := &importedKey{of: of, text: r.cell("key"), lookup: lookup, Key: Key{
			SubscriptionID: of.ID, Kind: KeyKind(kind), LastFour: licensefile.LastFour(licensefile.NormalizeKey(r.cell("key"))),
			IssuedOn: cmp.Or(issued, m.today), Version: 1, CreatedAt: m.now,
		}}
		if limit := of.Policy.ActivationsPerKey; limit > 0 {
			drafted.ActivationLimit = &limit
		}
		if stored, known := m.keys[string(lookup)]; known {
			m.compareKey(r, drafted, stored)
			continue
		}
		if !m.mayHave(r, drafted) {
			m.breakKey(lookup)
		} else {
			drafted.ID = m.newID()
			m.keys[string(lookup)] = drafted
			m.plan.keys = append(m.plan.keys, drafted)
			m.created(r)
		}
	}
}

// breakKey notes a key whose row has faults, so that its activations have none
// for that.
func (m *importer) breakKey(lookup []byte) {
	if m.keys[string(lookup)] == nil {
		m.keys[string(lookup)] = &importedKey{broken: true}
	}
}

func (m *importer) subscriptionOf(r sheetRow) (*importedSubscription, bool) {
	reference, ok := m.need(r, "subscription")
	found, known := m.subscriptions[reference]
	if ok && !known {
		m.fault(r, "subscription", FaultUnknown, "names no subscription, neither in the import nor stored")
	}
	return found, ok && known && !found.broken
}

// lookupOf gives the look-up hash of a row's key.
func (m *importer) lookupOf(r sheetRow) ([]byte, bool) {
	text, ok := m.need(r, "key")
	normalized := licensefile.NormalizeKey(text)
	if ok && !licensefile.ValidKeyForm(normalized) {
		m.fault(r, "key", FaultInvalid, "must be 4 to 64 letters and digits, with or without dashes and spaces")
		ok = false
	}
	return m.lookup(normalized), ok
}

// mayHave reports whether a new key fits its subscription: one primary key, and
// sublicenses as their own rules say (P10). What a row leaves out belongs to the
// other kind.
func (m *importer) mayHave(r sheetRow, k *importedKey) bool {
	if k.Kind == PrimaryKey {
		ok := true
		for _, column := range []string{"name", "quota", "mode", "ends_on"} {
			if r.cell(column) != "" {
				m.fault(r, column, FaultInvalid, "must be left out of a primary key")
				ok = false
			}
		}
		if k.of.primary {
			m.fault(r, "subscription", FaultDuplicate, "has a primary key already")
			ok = false
		}
		k.of.primary = true
		return ok
	}
	part, ok := m.sublicense(r)
	if !ok {
		return false
	}
	size := division{Pool: k.of.Pool, Subscription: k.of.Subscription, Policy: k.of.Policy, Today: m.today, After: part}
	if !m.adopt(r, size.Validate()) {
		return false
	}
	pool, err := size.rule()
	if err != nil {
		column := map[problem.Code]string{problem.DynamicNotAllowed: "mode"}[problem.From(err).Code]
		m.fault(r, cmp.Or(column, "quota"), FaultExceeds, problem.From(err).Message)
		return false
	}
	k.of.Pool = pool
	k.of.divided++
	k.Key = part.to(k.Key)
	return true
}

// sublicense reads what a row says of a sublicense.
func (m *importer) sublicense(r sheetRow) (Sublicense, bool) {
	quota, okQuota := m.number(r, "quota")
	if okQuota && quota == nil {
		m.fault(r, "quota", FaultMissing, "must be given of a sublicense")
		okQuota = false
	}
	mode, okMode := m.oneOf(r, "mode", "reserved", "dynamic")
	ends, okEnds := m.day(r, "ends_on")
	if !okQuota || !okMode || !okEnds {
		return Sublicense{}, false
	}
	return Sublicense{Name: r.cell("name"), Quota: *quota, Reserved: mode == "reserved", EndsOn: ends}, true
}

// compareKey holds a row against the key that is stored.
func (m *importer) compareKey(r sheetRow, drafted, stored *importedKey) {
	if drafted.Kind == SublicenseKey {
		part, ok := m.sublicense(r)
		if !ok {
			return
		}
		drafted.Key = part.to(drafted.Key)
	}
	m.same(r, map[string]bool{
		"subscription": drafted.SubscriptionID == stored.SubscriptionID,
		"kind":         drafted.Kind == stored.Kind,
		"name":         drafted.Name == stored.Name,
		"quota":        equalNumbers(drafted.Quota, stored.Quota),
		"mode":         drafted.Reserved == stored.Reserved,
		"ends_on":      drafted.EndsOn == stored.EndsOn,
		"issued_on":    r.cell("issued_on") == "" || drafted.IssuedOn == stored.IssuedOn,
	})
}

// completeKeys gives new subscriptions without a primary key a generated one.
func (m *importer) completeKeys() {
	for _, of := range m.plan.subscriptions {
		if of.primary {
			continue
		}
		text := m.newKey(of.Policy.KeyFormat)
		normalized := licensefile.NormalizeKey(text)
		k := &importedKey{of: of, text: text, lookup: m.lookup(normalized), Key: Key{
			ID: m.newID(), SubscriptionID: of.ID, Kind: PrimaryKey, LastFour: licensefile.LastFour(normalized),
			IssuedOn: m.today, Version: 1, CreatedAt: m.now,
		}}
		if limit := of.Policy.ActivationsPerKey; limit > 0 {
			k.ActivationLimit = &limit
		}
		of.primary = true
		m.plan.keys = append(m.plan.keys, k)
		m.plan.generated++
	}
}
