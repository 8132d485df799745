package licensing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/issuer"
	"github.com/licethq/licet/internal/problem"
)

// ImportFiles is what another system's data comes in as: CSV texts, of which any
// may be empty (P19).
type ImportFiles struct {
	Organizations string
	People        string
	Subscriptions string
	Keys          string
	Activations   string

	Invite bool // people are invited by mail instead of made members at once
}

// Import is what became of an import, or would become of it.
type Import struct {
	ID     string                 `json:"-"`
	DryRun bool                   `json:"-"`
	Counts map[string]ImportCount `json:"files"` // by file

	// GeneratedKeys is how many subscriptions got a primary key of Licet's own,
	// since the files brought none.
	GeneratedKeys int64 `json:"generated_keys"`

	// Faults are those of a dry run, at most maxImportFaults of FaultCount.
	Faults     []ImportFault `json:"-"`
	FaultCount int           `json:"-"`
}

// maxImportFaults bounds how many faults are told at a time.
const maxImportFaults = 1000

// maxImportBytes bounds the files of an import together.
const maxImportBytes = 10 << 20

// Import takes over customers, people, subscriptions, keys and activations from
// another system (P19). Everything is checked first. A dry run tells what would be
// made and every fault, and stores nothing; otherwise all is stored in one
// transaction, or nothing when any row has a fault. Rows are recognized by their
// references, addresses and keys: what is stored just so already stays as it is,
// and what is stored otherwise is a fault, since an import never changes anything.
// The records are those of the ordinary verbs. Errors: import_refused,
// request_too_large, forbidden.
func (s *Service) Import(ctx context.Context, actor identity.Actor, files ImportFiles, dryRun bool) (Import, error) {
	if err := actor.Require(identity.Sellers...); err != nil {
		return Import{}, err
	}
	if n := len(files.Organizations) + len(files.People) + len(files.Subscriptions) + len(files.Keys) + len(files.Activations); n > maxImportBytes {
		return Import{}, problem.Newf(problem.RequestTooLarge, "The files have more than %d MiB. Import them in parts.", maxImportBytes>>20)
	}
	read := readImport(files)
	current, err := s.Issuer.Current(ctx)
	if err != nil {
		return Import{}, err
	}
	var judged *importer
	err = s.DB.Snapshot(ctx, func(q database.Querier) error {
		judged, err = s.judgeImport(q, read, current)
		return err
	})
	if err != nil {
		return Import{}, err
	}
	if dryRun {
		return judged.tell(), nil
	}
	if err := refuseImport(judged.faults); err != nil {
		return Import{}, err
	}
	var made Import
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		made, err = s.storeImport(tx, actor, read, judged, current)
		return err
	})
	return made, err
}

// importSheets are the files of an import, taken apart.
type importSheets struct {
	organizations, people, subscriptions, keys, activations *sheet

	invite bool
	faults []ImportFault
}

func readImport(files ImportFiles) importSheets {
	read := importSheets{invite: files.Invite}
	left := maxImportRows
	take := func(l layout, text string) *sheet {
		s, faults := readSheet(l, text, left)
		left -= len(s.rows)
		read.faults = append(read.faults, faults...)
		return s
	}
	read.organizations = take(organizationLayout, files.Organizations)
	read.people = take(peopleLayout, files.People)
	read.subscriptions = take(subscriptionLayout, files.Subscriptions)
	read.keys = take(keyLayout, files.Keys)
	read.activations = take(activationLayout, files.Activations)
	return read
}

func (s importSheets) all() []*sheet {
	return []*sheet{s.organizations, s.people, s.subscriptions, s.keys, s.activations}
}

// judgeImport holds an import against what is stored. An import with faults of
// form is not judged further, since each would bring many more.
func (s *Service) judgeImport(q database.Querier, read importSheets, current *issuer.Current) (*importer, error) {
	var failed error
	m := &importer{
		now: s.now(), zone: current.Zone, last: current.Signer.NotAfter(), invite: read.invite, lookup: s.lookup, faults: read.faults,
		newID: func() string {
			id, err := newID()
			failed = errors.Join(failed, err)
			return id
		},
		newKey: func(format catalog.KeyFormat) string {
			text, err := GenerateKey(format, s.Rand)
			failed = errors.Join(failed, err)
			return text
		},
		drafted: map[string]string{}, firstPerson: map[string]sheetRow{},
	}
	m.today, m.plan.at = dayIn(m.zone, m.now), m.now
	m.plan.counts, m.plan.guests = map[string]*ImportCount{}, map[string][]identity.Guest{}
	for _, sheet := range read.all() {
		m.plan.counts[sheet.file] = &ImportCount{}
	}
	if len(read.faults) > 0 {
		return m, nil
	}
	var err error
	if m.importKnown, err = s.knownTo(q, read, m.today); err != nil {
		return nil, err
	}
	m.organizationsOf(read.organizations)
	m.peopleOf(read.people)
	m.subscriptionsOf(read.subscriptions)
	m.keysOf(read.keys)
	m.completeKeys()
	m.activationsOf(read.activations)
	return m, failed
}

// tell gives what a dry run says.
func (m *importer) tell() Import {
	told := Import{
		DryRun: true, Counts: map[string]ImportCount{}, GeneratedKeys: m.plan.generated,
		Faults: m.faults[:min(len(m.faults), maxImportFaults)], FaultCount: len(m.faults),
	}
	for file, count := range m.plan.counts {
		told.Counts[file] = *count
	}
	return told
}

// refuseImport gives import_refused with the faults, each at /FILE/LINE/COLUMN.
func refuseImport(faults []ImportFault) error {
	if len(faults) == 0 {
		return nil
	}
	p := problem.Newf(problem.ImportRefused, "The import has %d faults, so nothing was imported. See the rows listed.", len(faults))
	for _, f := range faults[:min(len(faults), maxImportFaults)] {
		p.Fields = append(p.Fields, problem.Field{Pointer: f.Pointer(), Message: f.Message})
	}
	return p
}

// Pointer says where a fault is, as /FILE/LINE/COLUMN.
func (f ImportFault) Pointer() string {
	pointer := fmt.Sprintf("/%s/%d", f.File, f.Line)
	if f.Column != "" {
		pointer += "/" + f.Column
	}
	return pointer
}

// storeImport judges an import once more, now that nobody can change the
// subscriptions that it adds to, and stores it.
func (s *Service) storeImport(tx *database.Tx, actor identity.Actor, read importSheets, before *importer, current *issuer.Current) (Import, error) {
	if err := lockImports(tx); err != nil {
		return Import{}, err
	}
	locked := before.touched()
	if err := lockSubscriptions(tx, locked); err != nil {
		return Import{}, err
	}
	m, err := s.judgeImport(tx, read, current)
	if err != nil {
		return Import{}, err
	}
	if err := refuseImport(m.faults); err != nil {
		return Import{}, err
	}
	if !slices.Equal(locked, m.touched()) { // what it adds to has changed meanwhile
		*before = *m
		return Import{}, database.ErrAgain
	}
	made := m.tell()
	made.DryRun = false
	if made.ID, err = newID(); err != nil {
		return Import{}, err
	}
	if err := actor.Keep(tx, made.ID); err != nil {
		return Import{}, err
	}
	if err := again(identity.StoreNewcomers(tx, actor, m.plan.newcomers, made.ID)); err != nil {
		return Import{}, err
	}
	if err := again(s.insertImport(tx, m.plan, m.zone)); err != nil {
		return Import{}, err
	}
	for _, organization := range m.plan.invitedTo {
		if err := s.People.InviteGuests(tx, actor, organization, m.plan.guests[organization]); err != nil {
			return Import{}, err
		}
	}
	return made, s.recordImport(tx, actor, m, made)
}

// touched gives the stored subscriptions that an import adds keys or activations
// to, in the order of their ids.
func (m *importer) touched() []string {
	var ids []string
	for _, k := range m.plan.keys {
		if k.of.stored {
			ids = append(ids, k.of.ID)
		}
	}
	for _, i := range m.plan.standIns {
		if i.key.of.stored {
			ids = append(ids, i.key.of.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// recordImport records what the ordinary verbs record, one event a thing, and
// that there was an import.
func (s *Service) recordImport(tx *database.Tx, actor identity.Actor, m *importer, made Import) error {
	var events []event.Event
	add := func(kind, organizationID, subject, id string, data map[string]any) {
		data["import"] = made.ID
		events = append(events, event.Event{
			At: m.now, Kind: kind, Actor: actor.Actor, OrganizationID: organizationID,
			Subject: event.Subject{Kind: subject, ID: id}, Data: data,
		})
	}
	primary := map[string]string{}
	for _, k := range m.plan.keys {
		if k.Kind == PrimaryKey {
			primary[k.SubscriptionID] = k.ID
		}
	}
	for _, c := range m.plan.subscriptions {
		data := map[string]any{"plan": c.PlanID, "key": primary[c.ID], "starts_on": c.StartsOn, "ends_on": c.EndsOn}
		if c.Quantity != nil {
			data["quantity"] = *c.Quantity
		}
		add("subscription.created", c.OrganizationID, "subscription", c.ID, data)
	}
	for _, k := range m.plan.keys {
		switch {
		case k.Kind == SublicenseKey:
			add("sublicense.created", k.of.OrganizationID, "key", k.ID,
				map[string]any{"subscription": k.of.ID, "quota": *k.Quota, "reserved": k.Reserved, "ends_on": k.EndsOn})
		case k.of.stored:
			add("key.imported", k.of.OrganizationID, "key", k.ID, map[string]any{"subscription": k.of.ID})
		}
	}
	for _, i := range m.plan.standIns {
		a := i.activation
		add("activation.started", a.OrganizationID, "activation", a.ID, map[string]any{
			"key": a.KeyID, "subscription": a.SubscriptionID, "slot": a.SlotID, "license_type": i.licenseType, "method": a.Method,
		})
	}
	figures, err := figuresOf(made)
	if err != nil {
		return err
	}
	add("import.stored", "", "import", made.ID, figures)
	return event.RecordAll(tx, events)
}

// figuresOf gives what the log says of something, by the names that it has in JSON.
func figuresOf(v any) (map[string]any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var figures map[string]any
	err = json.Unmarshal(text, &figures)
	return figures, err
}

// Imported gives an import as the log tells it. Errors: not_found, forbidden.
func (s *Service) Imported(ctx context.Context, actor identity.Actor, id string) (Import, error) {
	if err := actor.Require(identity.Sellers...); err != nil {
		return Import{}, err
	}
	made := Import{ID: id}
	data, err := importEvent(s.DB.Read(ctx), id)
	if err == nil {
		err = json.Unmarshal([]byte(data), &made)
	}
	return made, err
}
