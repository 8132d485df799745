package event

import (
	"bytes"
	"context"
	"fmt"

	"github.com/licethq/licet/internal/database"
)

// verifyPage is how many events Verify holds at once.
const verifyPage = 1000

// Report is what Verify found.
type Report struct {
	Events      int64 // sealed events whose hashes are right, from position 1 on
	Unsealed    int64 // events that are not in the chain yet
	Checkpoints int   // checkpoints that agree with the chain

	// FirstBad is the first position at which something is wrong, or 0; Fault says
	// what.
	FirstBad int64
	Fault    string
}

// Intact reports whether nothing was found.
func (r Report) Intact() bool { return r.FirstBad == 0 }

// claims is what the database says of its log besides the events themselves.
type claims struct {
	head        head
	last        int64 // greatest position of an event
	unsealed    int64
	checkpoints []Checkpoint
}

// Verify recomputes the whole chain and compares it with the hashes that are stored,
// with the head and with every checkpoint, whose signature open verifies. What is
// wrong is in the report; an error says that the database could not be read.
// Sealed events do not change, so writers go on meanwhile.
func Verify(ctx context.Context, db *database.DB, open func(signature string) (payload []byte, err error)) (Report, error) {
	said, err := readClaims(ctx, db)
	if err != nil {
		return Report{}, fmt.Errorf("event: verify: %w", err)
	}
	v := verification{claims: said, open: open, hash: []byte(genesis)}
	v.report.Unsealed = said.unsealed
	v.checkCheckpoint(0)
	for v.report.Intact() && v.position < said.head.position {
		page, err := database.All(db.Read(ctx), scanRow, selectSealed, v.position, verifyPage)
		if err != nil {
			return Report{}, fmt.Errorf("event: verify: %w", err)
		}
		v.checkPage(page)
	}
	v.checkEnd()
	return v.report, nil
}

func readClaims(ctx context.Context, db *database.DB) (claims, error) {
	var c claims
	err := db.Snapshot(ctx, func(q database.Querier) (err error) {
		c.head, err = database.One(q, scanHead, "SELECT position, hash FROM event_chain WHERE id = 1")
		if err != nil {
			return err
		}
		c.last, err = database.One(q, database.Value[int64], "SELECT COALESCE(MAX(position), 0) FROM event")
		if err != nil {
			return err
		}
		c.unsealed, err = database.One(q, database.Value[int64], "SELECT COUNT(*) FROM event WHERE position IS NULL")
		if err != nil {
			return err
		}
		c.checkpoints, err = database.All(q, scanCheckpoint, checkpoints+" ORDER BY position")
		return err
	})
	return c, err
}

// verification walks the chain.
type verification struct {
	claims
	open     func(signature string) (payload []byte, err error)
	report   Report
	position int64 // up to which everything is right
	hash     []byte
}

// found keeps the first fault only: what follows it is its consequence.
func (v *verification) found(position int64, format string, args ...any) {
	if v.report.Intact() {
		v.report.FirstBad, v.report.Fault = position, fmt.Sprintf(format, args...)
	}
}

func (v *verification) checkPage(page []row) {
	if len(page) == 0 {
		v.found(v.position+1, "the events from %d to %d are missing", v.position+1, v.head.position)
		return
	}
	for i := range page {
		if !v.report.Intact() || v.position == v.head.position {
			return
		}
		v.checkEntry(&page[i])
	}
}

func (v *verification) checkEntry(e *row) {
	next := v.position + 1
	if e.Position != next {
		v.found(next, "the event at %d is missing", next)
		return
	}
	hash := e.digest(next, v.hash)
	if !bytes.Equal(hash, e.Hash) {
		v.found(next, "the event at %d was changed: its hash does not match", next)
		return
	}
	v.position, v.hash = next, hash
	v.report.Events++
	v.checkCheckpoint(next)
}

// checkCheckpoint looks at the checkpoint of a position, if there is one.
func (v *verification) checkCheckpoint(position int64) {
	if len(v.checkpoints) == 0 || v.checkpoints[0].Position != position {
		return
	}
	c := v.checkpoints[0]
	v.checkpoints = v.checkpoints[1:]
	if err := c.check(v.open); err != nil {
		v.found(max(position, 1), "the checkpoint at %d: %v", position, err)
		return
	}
	if !bytes.Equal(c.Hash, v.hash) {
		v.found(max(position, 1), "the checkpoint at %d was signed for another hash: an event up to there was changed", position)
		return
	}
	v.report.Checkpoints++
}

// checkEnd finds what lies beyond the end, and an end that was set back.
func (v *verification) checkEnd() {
	if !v.report.Intact() {
		return
	}
	switch {
	case v.position != v.head.position || !bytes.Equal(v.hash, v.head.hash):
		v.found(v.position+1, "the head of the chain does not match the event at %d", v.position)
	case v.last > v.head.position:
		v.found(v.head.position+1, "there are events up to %d beyond the head of the chain at %d", v.last, v.head.position)
	case len(v.checkpoints) > 0:
		v.found(v.position+1, "the events from %d to %d are missing: a checkpoint was signed there",
			v.position+1, v.checkpoints[0].Position)
	}
}
