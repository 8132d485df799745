package event

import (
	"strconv"
	"strings"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
)

// Filter says which events a list holds; empty members ask for nothing.
type Filter struct {
	OrganizationID string
	Kind           string // such as "activation.created"
	Actor          string // id; tokens count for the person that they act for
	Subject        Subject
	SubjectIDs     []string  // any of them
	From           time.Time // inclusive
	Until          time.Time // exclusive
}

// byPosition is the one order of the log.
const byPosition = "position"

// List gives sealed events by position, the newest first, or the oldest first
// when it is sorted by position. A sort or cursor that it does not have is
// validation_failed.
func List(q database.Querier, f Filter, l database.Listing) (database.Page[Entry], error) {
	if l.Limit <= 0 {
		l.Limit = database.DefaultLimit
	}
	after, err := readCursor(l)
	if err != nil {
		return database.Page[Entry]{}, err
	}
	query, args := f.query(after, l)
	entries, err := database.All(q, func(r database.Row) (Entry, error) {
		e, err := scanRow(r)
		return e.Entry, err
	}, query, args...)
	if err != nil || len(entries) <= l.Limit {
		return database.Page[Entry]{Items: entries}, err
	}
	entries = entries[:l.Limit]
	return database.Page[Entry]{Items: entries, Next: cursorOf(l.Sort, entries[l.Limit-1].Position)}, nil
}

// query asks for one entry more than the page holds, after a position.
func (f Filter) query(after int64, l database.Listing) (text string, args []any) {
	beyond, order := " < ?", " DESC"
	if l.Sort == byPosition {
		beyond, order = " > ?", " ASC"
	}
	conditions, args := []string{"position" + beyond}, []any{after}
	add := func(wanted bool, condition string, values ...any) {
		if wanted {
			conditions, args = append(conditions, condition), append(args, values...)
		}
	}
	add(f.OrganizationID != "", "organization_id = ?", f.OrganizationID)
	add(f.Kind != "", "kind = ?", f.Kind)
	add(f.Actor != "", "(actor_id = ? OR on_behalf_of = ?)", f.Actor, f.Actor)
	add(f.Subject.Kind != "", "subject_kind = ?", f.Subject.Kind)
	add(f.Subject.ID != "", "subject_id = ?", f.Subject.ID)
	add(len(f.SubjectIDs) > 0, "subject_id IN (?"+strings.Repeat(", ?", max(0, len(f.SubjectIDs)-1))+")", texts(f.SubjectIDs)...)
	add(!f.From.IsZero(), "at >= ?", database.Micros(f.From))
	add(!f.Until.IsZero(), "at < ?", database.Micros(f.Until))
	return "SELECT " + columns + " FROM event WHERE " + strings.Join(conditions, " AND ") +
		" ORDER BY position" + order + " LIMIT ?", append(args, l.Limit+1)
}

// texts gives texts as arguments.
func texts(values []string) []any {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	return args
}

// A cursor is the last position, after a letter for the direction.
const (
	upward   = "u"
	downward = "d"
)

func direction(sort string) string {
	if sort == byPosition {
		return upward
	}
	return downward
}

func cursorOf(sort string, position int64) string {
	return direction(sort) + strconv.FormatInt(position, 10)
}

// lastPosition is beyond every event.
const lastPosition = 1<<63 - 1

// readCursor gives the position that a page begins after.
func readCursor(l database.Listing) (int64, error) {
	var f problem.Faults
	f.Check(l.Sort == "" || l.Sort == byPosition || l.Sort == "-"+byPosition, "query.sort",
		"must be one of position, with a minus before it for the other way round")
	if l.Cursor == "" {
		if l.Sort == byPosition {
			return 0, f.Err()
		}
		return lastPosition, f.Err()
	}
	digits, ok := strings.CutPrefix(l.Cursor, direction(l.Sort))
	position, err := strconv.ParseInt(digits, 10, 64)
	f.Check(ok && err == nil && position > 0, "query.cursor", "must be the next_cursor of a page that was sorted alike")
	return position, f.Err()
}
