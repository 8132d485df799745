package licensing

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// ImportCount says what becomes of the rows of a file.
type ImportCount struct {
	Created   int64 `json:"created"`
	Unchanged int64 `json:"unchanged"` // stored just so already
}

// importKnown is what the database knows of the things that an import names.
type importKnown struct {
	organizations map[string]identity.Organization  // by reference
	people        map[string]identity.Person        // by email key
	roles         map[[2]string]identity.MemberRole // by organization and person
	invited       map[[2]string]identity.MemberRole // by organization and email key
	plans         map[[2]string]catalog.Plan        // by codes of product and plan
	subscriptions map[string]*importedSubscription  // by reference
	keys          map[string]*importedKey           // by look-up hash
	standIns      map[string][]standIn              // by key
	sites         map[[2]string]string              // ids, by organization and name
}

// importedSubscription is a subscription of an import, stored or drafted.
type importedSubscription struct {
	Subscription
	Policy  catalog.Policy
	Pool    Pool // as far as sublicenses are checked against it
	stored  bool
	broken  bool  // its row has faults; those that name it are not judged
	primary bool  // whether it has a primary key
	divided int64 // sublicenses that the import adds
}

// importedKey is a key of an import, stored or drafted.
type importedKey struct {
	Key
	of     *importedSubscription
	text   string // as people wrote it; only of a drafted one
	lookup []byte
	stored bool
	broken bool  // its row has faults
	added  int64 // activations that the import adds
}

// standIn is an installation with its one activation that stands for what
// another system licensed (P19).
type standIn struct {
	installation, host, site string // names
	installationID           string
	activation               Activation
	licenseType              string
	key                      *importedKey // of a drafted one
	siteID                   string
}

// importPlan is what an import will store.
type importPlan struct {
	at            time.Time
	newcomers     identity.Newcomers
	guests        map[string][]identity.Guest // by organization
	invitedTo     []string                    // the same organizations, in order
	subscriptions []*importedSubscription
	keys          []*importedKey
	standIns      []standIn
	sites         []importedSite
	counts        map[string]*ImportCount // by file
	generated     int64                   // primary keys that the files did not bring
}

// importedSite is a site that an import makes.
type importedSite struct{ organizationID, id, name string }

// importer judges the rows of an import. It is pure but for ids and keys.
type importer struct {
	importKnown
	now    time.Time
	zone   *time.Location
	today  licensefile.Date
	last   time.Time // no license is dated beyond it
	invite bool

	newID       func() string
	newKey      func(catalog.KeyFormat) string
	lookup      func(normalized string) []byte
	plan        importPlan
	faults      []ImportFault
	drafted     map[string]string // ids of the import's own people, by email key
	firstPerson map[string]sheetRow
}

// fault notes what is wrong with a value of a row.
func (m *importer) fault(r sheetRow, column, code, message string) {
	m.faults = append(m.faults, ImportFault{File: r.sheet.file, Line: r.line, Column: column, Code: code, Message: message})
}

// adopt turns the faults of a thing into those of its row, and reports whether
// there was none.
func (m *importer) adopt(r sheetRow, err error) bool {
	if err == nil {
		return true
	}
	for _, f := range problem.From(err).Fields {
		m.fault(r, strings.TrimPrefix(f.Pointer, "/"), FaultInvalid, f.Message)
	}
	return false
}

// need gives a value that has to be there.
func (m *importer) need(r sheetRow, column string) (string, bool) {
	v := r.cell(column)
	if v == "" {
		m.fault(r, column, FaultMissing, "must be given")
	}
	return v, v != ""
}

// same notes every column in which a row differs from what is stored. An import
// adds; it never changes anything.
func (m *importer) same(r sheetRow, columns map[string]bool) {
	same := true
	for _, column := range r.sheet.columns {
		if alike, compared := columns[column]; compared && !alike {
			m.fault(r, column, FaultDiffers, "is stored with another value; change it there, or correct the row")
			same = false
		}
	}
	if same {
		m.plan.counts[r.sheet.file].Unchanged++
	}
}

func (m *importer) created(r sheetRow) { m.plan.counts[r.sheet.file].Created++ }

// number gives a whole number; nil for an empty value.
func (m *importer) number(r sheetRow, column string) (*int64, bool) {
	v := r.cell(column)
	if v == "" {
		return nil, true
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		m.fault(r, column, FaultMalformed, "must be a whole number without separators, such as 250")
		return nil, false
	}
	return &n, true
}

// day gives a calendar day; empty for an empty value.
func (m *importer) day(r sheetRow, column string) (licensefile.Date, bool) {
	v := r.cell(column)
	if v == "" {
		return "", true
	}
	day, err := licensefile.ParseDate(v)
	if err != nil {
		m.fault(r, column, FaultMalformed, "must be a calendar day such as 2027-01-31")
	}
	return day, err == nil
}

// yes gives a truth; nil for an empty value.
func (m *importer) yes(r sheetRow, column string) (*bool, bool) {
	v := strings.ToLower(r.cell(column))
	truth := slices.Contains([]string{"yes", "true", "1"}, v)
	if v == "" {
		return nil, true
	}
	if !truth && !slices.Contains([]string{"no", "false", "0"}, v) {
		m.fault(r, column, FaultMalformed, "must be yes or no")
		return nil, false
	}
	return &truth, true
}

// oneOf gives a word, the first for an empty value.
func (m *importer) oneOf(r sheetRow, column string, words ...string) (string, bool) {
	v := r.cell(column)
	switch {
	case v == "":
		return words[0], true
	case !slices.Contains(words, v):
		m.fault(r, column, FaultInvalid, "must be "+strings.Join(words, " or "))
		return "", false
	}
	return v, true
}

func equalNumbers(a, b *int64) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}
