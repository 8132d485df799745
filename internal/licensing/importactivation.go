package licensing

import (
	"cmp"
	"strings"

	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

var activationLayout = layout{
	"activations", []string{"key", "installation", "activated_on"}, []string{"host_name", "site", "used", "method"},
}

// standInPrefix begins the ids of installations without a key pair. No
// thumbprint has a colon.
const standInPrefix = "import:"

// maxImportedName is the longest name of an installation, host or site.
const maxImportedName = 200

// activationsOf judges the activations of an import: each becomes a stand-in,
// whose place the first installation takes that brings the key (P19).
func (m *importer) activationsOf(s *sheet) {
	type place struct{ key, installation, site string }
	seen := map[place]bool{}
	for _, r := range s.rows {
		key, drafted, ok := m.standIn(r)
		if !ok {
			continue
		}
		at := place{string(key.lookup), drafted.installation, drafted.site}
		if seen[at] {
			m.fault(r, "installation", FaultDuplicate, "is in the file already, with the same key and site")
			continue
		}
		seen[at] = true
		if stored := m.storedStandIn(key, drafted); stored != nil {
			m.compareStandIn(r, drafted, *stored)
			continue
		}
		if m.mayStand(r, key) {
			key.added++
			m.plan.standIns = append(m.plan.standIns, m.place(drafted))
			m.created(r)
		}
	}
}

// standIn drafts the stand-in of a row.
func (m *importer) standIn(r sheetRow) (*importedKey, standIn, bool) {
	lookup, ok := m.lookupOf(r)
	key, known := m.keys[string(lookup)]
	if ok && !known {
		m.fault(r, "key", FaultUnknown, "names no key, neither in the import nor stored")
	}
	name, okName := m.need(r, "installation")
	_, okGiven := m.need(r, "activated_on")
	on, okDay := m.day(r, "activated_on")
	used, okUsed := m.number(r, "used")
	method, okMethod := m.oneOf(r, "method", string(licensefile.Online), string(licensefile.Offline))
	var f problem.Faults
	f.Text("/installation", name, 0, maxImportedName)
	f.Text("/host_name", r.cell("host_name"), 0, maxImportedName)
	f.Text("/site", r.cell("site"), 0, maxImportedName)
	f.Check(!okDay || on <= m.today, "/activated_on", "must not be in the future")
	f.Check(used == nil || *used <= maxQuantity, "/used", "must be at most 1000000000")
	okForm := m.adopt(r, f.Err())
	if !ok || !known || key.broken || !okName || !okGiven || !okDay || !okUsed || !okMethod || !okForm {
		return key, standIn{}, false
	}
	drafted := standIn{installation: name, host: r.cell("host_name"), site: cmp.Or(r.cell("site"), name), key: key}
	a := &drafted.activation
	a.KeyID, a.SubscriptionID, a.OrganizationID = key.ID, key.SubscriptionID, key.of.OrganizationID
	a.Method, a.StartedAt = licensefile.Method(method), on.StartIn(m.zone).UTC()
	a.LastSeenAt, a.ExpiresAt = m.now, m.last
	if end := (terms{Key: key.Key, Subscription: key.of.Subscription}).endOf(key.of.Policy, m.zone); end != nil {
		a.ExpiresAt = earlier(*end, m.last).UTC()
	}
	if used != nil {
		a.Used, a.Peak, a.UsedAt = *used, *used, &m.now
	}
	drafted.licenseType, _, _ = key.of.Policy.LicenseType()
	return key, drafted, true
}

func (m *importer) storedStandIn(key *importedKey, drafted standIn) *standIn {
	for _, stored := range m.standIns[key.ID] {
		if stored.installation == drafted.installation && stored.site == drafted.site {
			return &stored
		}
	}
	return nil
}

// compareStandIn holds a row against a stand-in that is stored, ended or not: an
// installation may have taken its place since.
func (m *importer) compareStandIn(r sheetRow, drafted, stored standIn) {
	m.same(r, map[string]bool{
		"host_name":    drafted.host == stored.host,
		"activated_on": drafted.activation.StartedAt.Equal(stored.activation.StartedAt),
		"used":         drafted.activation.Used == stored.activation.Used,
		"method":       drafted.activation.Method == stored.activation.Method,
	})
}

// mayStand reports whether a key has an activation left for a stand-in.
func (m *importer) mayStand(r sheetRow, key *importedKey) bool {
	switch {
	case key.of.OrganizationID == "":
		m.fault(r, "key", FaultInvalid, "must be of a subscription that belongs to an organization")
	case key.ReplacedBy != "" || key.ended(m.today):
		m.fault(r, "key", FaultInvalid, "has been replaced, or has ended")
	case key.ActivationLimit != nil && key.Activations+key.added >= *key.ActivationLimit:
		m.fault(r, "key", FaultExceeds, "has no activation left for this row")
	default:
		return true
	}
	return false
}

// place gives a stand-in its ids, and the site of that name.
func (m *importer) place(drafted standIn) standIn {
	a := &drafted.activation
	drafted.installationID = standInPrefix + m.newID()
	a.ID, a.SlotID = m.newID(), m.newID()
	named := [2]string{a.OrganizationID, strings.ToLower(drafted.site)}
	id, known := m.sites[named]
	if !known {
		id = m.newID()
		m.sites[named] = id
		m.plan.sites = append(m.plan.sites, importedSite{organizationID: a.OrganizationID, id: id, name: drafted.site})
	}
	drafted.siteID = id
	return drafted
}
