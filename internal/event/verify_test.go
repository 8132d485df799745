package event_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
)

// chainOfSix has six sealed events with checkpoints at 2 and 4; the even ones have
// no organization and nobody they were made on behalf of.
func chainOfSix(t *testing.T, db *database.DB) {
	t.Helper()
	for i := range 3 {
		plain := suspended(strconv.Itoa(2*i + 1))
		plain.Actor.OnBehalfOf, plain.OrganizationID = "", ""
		record(t, db, suspended(strconv.Itoa(2*i)), plain)
		if i == 2 {
			seal(t, db)
			return
		}
		if _, err := sealer(db).Checkpoint(context.Background(), "daily", sign); err != nil {
			t.Fatal(err)
		}
	}
}

func change(t *testing.T, db *database.DB, statements ...string) {
	t.Helper()
	err := db.InTx(context.Background(), func(tx *database.Tx) error {
		for _, s := range statements {
			n, err := tx.Exec(s)
			if err != nil {
				return err
			}
			if n == 0 {
				return errors.New("nothing to change: " + s)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestUntouchedChainIsIntact(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		if diff := cmp.Diff(event.Report{}, verify(t, db)); diff != "" {
			t.Errorf("report of an empty log (-want +got):\n%s", diff)
		}
		chainOfSix(t, db)
		record(t, db, suspended("unsealed"))
		want := event.Report{Events: 6, Unsealed: 1, Checkpoints: 2}
		if diff := cmp.Diff(want, verify(t, db)); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
	})
}

func TestEveryTamperingIsFoundWhereItIs(t *testing.T) {
	for name, c := range map[string]struct {
		statements []string
		firstBad   int64
	}{
		"id":                       {[]string{"UPDATE event SET id = 'x' WHERE position = 3"}, 3},
		"instant":                  {[]string{"UPDATE event SET at = at + 1 WHERE position = 3"}, 3},
		"kind":                     {[]string{"UPDATE event SET kind = 'subscription.resumed' WHERE position = 3"}, 3},
		"kind of actor":            {[]string{"UPDATE event SET actor_kind = 'person' WHERE position = 3"}, 3},
		"actor":                    {[]string{"UPDATE event SET actor_id = 'staff-2' WHERE position = 3"}, 3},
		"on behalf of":             {[]string{"UPDATE event SET on_behalf_of = NULL WHERE position = 3"}, 3},
		"empty for NULL":           {[]string{"UPDATE event SET on_behalf_of = '' WHERE position = 4"}, 4},
		"organization":             {[]string{"UPDATE event SET organization_id = NULL WHERE position = 3"}, 3},
		"kind of subject":          {[]string{"UPDATE event SET subject_kind = 'key' WHERE position = 3"}, 3},
		"subject":                  {[]string{"UPDATE event SET subject_id = 'x' WHERE position = 3"}, 3},
		"data":                     {[]string{`UPDATE event SET data = '{"reason":"unpaid","seats":6}' WHERE position = 3`}, 3},
		"spaces in data":           {[]string{`UPDATE event SET data = '{"reason": "unpaid","seats":5}' WHERE position = 3`}, 3},
		"text moved to a neighbor": {[]string{"UPDATE event SET actor_kind = 'staffs', actor_id = 'taff-1' WHERE position = 3"}, 3},
		"hash":                     {[]string{"UPDATE event SET hash = (SELECT hash FROM event WHERE position = 2) WHERE position = 3"}, 3},
		"missing hash":             {[]string{"UPDATE event SET hash = NULL WHERE position = 3"}, 3},
		"deleted event":            {[]string{"DELETE FROM event WHERE position = 3"}, 3},
		"unsealed event":           {[]string{"UPDATE event SET position = NULL, hash = NULL WHERE position = 3"}, 3},
		"first deleted":            {[]string{"DELETE FROM event WHERE position = 1"}, 1},
		"gap closed":               {[]string{"DELETE FROM event WHERE position = 5", "UPDATE event SET position = 5 WHERE position = 6", "UPDATE event_chain SET position = 5"}, 5},
		"tail deleted":             {[]string{"DELETE FROM event WHERE position > 4"}, 5},
		"everything deleted":       {[]string{"DELETE FROM event"}, 1},
		"head set back":            {[]string{"UPDATE event_chain SET position = 5, hash = (SELECT hash FROM event WHERE position = 5)"}, 6},
		"head set forward":         {[]string{"UPDATE event_chain SET position = 7"}, 7},
		"hash of the head":         {[]string{"UPDATE event_chain SET hash = (SELECT hash FROM event WHERE position = 5)"}, 7},
		"tail and head cut before a checkpoint": {[]string{
			"DELETE FROM event WHERE position > 3",
			"UPDATE event_chain SET position = 3, hash = (SELECT hash FROM event WHERE position = 3)",
		}, 4},
		"everything and head, but not the checkpoints": {[]string{
			"DELETE FROM event",
			"UPDATE event_chain SET position = 0, hash = (SELECT CAST('00000000000000000000000000000000' AS BYTES))",
		}, 1},
		"hash of a checkpoint":      {[]string{"UPDATE event_checkpoint SET hash = (SELECT hash FROM event WHERE position = 3) WHERE position = 4"}, 4},
		"instant of a checkpoint":   {[]string{"UPDATE event_checkpoint SET at = at + 1 WHERE position = 4"}, 4},
		"signature of a checkpoint": {[]string{"UPDATE event_checkpoint SET signature = 'x' WHERE position = 4"}, 4},
		"signature of another":      {[]string{"UPDATE event_checkpoint SET signature = (SELECT signature FROM event_checkpoint WHERE position = 2) WHERE position = 4"}, 4},
		"checkpoint moved forward":  {[]string{"UPDATE event_checkpoint SET position = 9 WHERE position = 4"}, 7},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *database.DB) {
				chainOfSix(t, db)
				bytes := map[database.Engine]string{database.SQLite: "BLOB", database.PostgreSQL: "BYTEA"}[db.Engine()]
				change(t, db, strings.Split(strings.ReplaceAll(strings.Join(c.statements, ";"), "BYTES", bytes), ";")...)
				report := verify(t, db)
				if report.FirstBad != c.firstBad || report.Fault == "" {
					t.Errorf("first bad position = %d (%s), want %d", report.FirstBad, report.Fault, c.firstBad)
				}
			})
		})
	}
}

// An attacker who knows the form of the chain can write a whole new one; only what
// was signed stays out of reach.
func TestRewrittenChainIsFoundByItsCheckpoint(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		chainOfSix(t, db)
		change(t, db,
			"UPDATE event SET actor_id = 'somebody-else' WHERE position = 3",
			"UPDATE event SET position = NULL, hash = NULL",
			"UPDATE event_chain SET position = 0, hash = "+map[database.Engine]string{
				database.SQLite:     "CAST('00000000000000000000000000000000' AS BLOB)",
				database.PostgreSQL: "CAST('00000000000000000000000000000000' AS BYTEA)",
			}[db.Engine()],
		)
		seal(t, db)
		report := verify(t, db)
		if report.FirstBad != 4 || report.Checkpoints != 1 {
			t.Errorf("report = %+v, want the checkpoint at 4 to disagree", report)
		}
	})
}

func TestCheckpointSealsFirstAndSignsAPositionOnce(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		record(t, db, suspended("s"))
		first, err := sealer(db).Checkpoint(context.Background(), "daily", sign)
		if err != nil {
			t.Fatal(err)
		}
		if first.Position != 1 || first.Reason != "daily" || !first.At.Equal(noon) {
			t.Errorf("checkpoint = %+v, want position 1, daily, noon", first)
		}
		second, err := sealer(db).Checkpoint(context.Background(), "backup", sign)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("second checkpoint (-first +second):\n%s", diff)
		}
	})
}

func TestCheckpointThatCannotBeSignedIsNotStored(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		away := errors.New("the key is away")
		_, err := sealer(db).Checkpoint(context.Background(), "daily", func([]byte) (string, error) { return "", away })
		if !errors.Is(err, away) {
			t.Errorf("error = %v, want the signer's", err)
		}
		if report := verify(t, db); report.Checkpoints != 0 {
			t.Errorf("%d checkpoints are stored, want none", report.Checkpoints)
		}
	})
}
