package licensing

import (
	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/licensefile"
)

// knownTo loads what the rows of an import name.
func (s *Service) knownTo(q database.Querier, read importSheets, today licensefile.Date) (known importKnown, err error) {
	references := values("reference", nil, read.organizations)
	references = append(references, values("organization", nil, read.people, read.subscriptions)...)
	if known.organizations, err = identity.OrganizationsByReference(q, unique(references)); err != nil {
		return known, err
	}
	if err := known.loadPeople(q, read); err != nil {
		return known, err
	}
	if known.plans, err = catalog.PlansByCode(q); err != nil {
		return known, err
	}
	err = s.loadSold(q, &known, read, today)
	return known, err
}

func (k *importKnown) loadPeople(q database.Querier, read importSheets) (err error) {
	addresses := unique(values("email", identity.EmailKey, read.people))
	if k.people, err = identity.PeopleByEmailKey(q, addresses); err != nil {
		return err
	}
	people := make([]string, 0, len(k.people))
	for _, p := range k.people {
		people = append(people, p.ID)
	}
	if k.roles, err = identity.RolesOf(q, unique(people)); err != nil {
		return err
	}
	if read.invite {
		k.invited, err = identity.OpenInvitations(q, addresses)
	}
	return err
}

// loadSold loads subscriptions, keys and stand-ins, the subscriptions also by
// the keys that are stored of them.
func (s *Service) loadSold(q database.Querier, k *importKnown, read importSheets, today licensefile.Date) error {
	byReference, byID, err := k.subscriptionsNamed(q, read)
	if err != nil {
		return err
	}
	k.subscriptions = byReference
	lookups := unique(values("key", func(key string) string { return string(s.lookup(licensefile.NormalizeKey(key))) }, read.keys, read.activations))
	stored, err := keysByLookup(q, lookups)
	if err != nil {
		return err
	}
	var missing []string
	for _, key := range stored {
		if byID[key.SubscriptionID] == nil {
			missing = append(missing, key.SubscriptionID)
		}
	}
	more, err := importedSubscriptions(q, "s.id", unique(missing))
	if err != nil {
		return err
	}
	for _, m := range more {
		byID[m.ID] = m
	}
	k.keys = map[string]*importedKey{}
	var owners []string
	for _, key := range stored {
		key.of = byID[key.SubscriptionID]
		k.keys[string(key.lookup)] = key
		owners = append(owners, key.of.OrganizationID)
	}
	if err := k.complete(q, byID, read, s.lookup, today); err != nil {
		return err
	}
	if len(read.activations.rows) == 0 {
		k.sites = map[[2]string]string{}
		return nil
	}
	if k.standIns, err = standInsIn(q, unique(owners)); err != nil {
		return err
	}
	k.sites, err = sitesNamed(q, unique(owners))
	return err
}

func (k *importKnown) subscriptionsNamed(q database.Querier, read importSheets) (byReference, byID map[string]*importedSubscription, err error) {
	references := append(values("reference", nil, read.subscriptions), values("subscription", nil, read.keys)...)
	found, err := importedSubscriptions(q, "s.reference", unique(references))
	byReference, byID = map[string]*importedSubscription{}, map[string]*importedSubscription{}
	for _, c := range found {
		byReference[c.Reference], byID[c.ID] = c, c
	}
	return byReference, byID, err
}

// complete gives stored subscriptions their plans, and the pool of those that get
// another key.
func (k *importKnown) complete(q database.Querier, byID map[string]*importedSubscription, read importSheets, lookup func(string) []byte, today licensefile.Date) error {
	policies := map[string]catalog.Policy{}
	for _, plan := range k.plans {
		policies[plan.ID] = plan.Policy
	}
	for _, c := range byID {
		c.Policy = policies[c.PlanID]
	}
	loaded := map[string]bool{}
	for _, r := range read.keys.rows {
		c := k.subscriptions[r.cell("subscription")]
		if c == nil || loaded[c.ID] || k.keys[string(lookup(licensefile.NormalizeKey(r.cell("key"))))] != nil {
			continue
		}
		loaded[c.ID] = true
		var err error
		if c.Pool, err = loadPool(q, c.ID, today); err != nil {
			return err
		}
	}
	return nil
}

// values collects the values of a column, turned by a function when one is given.
func values(column string, turn func(string) string, sheets ...*sheet) []string {
	var all []string
	for _, s := range sheets {
		for _, r := range s.rows {
			v := r.cell(column)
			if v != "" && turn != nil {
				v = turn(v)
			}
			if v != "" {
				all = append(all, v)
			}
		}
	}
	return all
}

// unique gives each value once, in the order that they came first.
func unique(values []string) []string {
	seen := make(map[string]bool, len(values))
	var once []string
	for _, v := range values {
		if !seen[v] && v != "" {
			once = append(once, v)
		}
		seen[v] = true
	}
	return once
}
