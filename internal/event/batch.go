package event

import (
	"github.com/licethq/licet/internal/database"
)

// RecordAll writes many events of one change, as Record does with one.
func RecordAll(tx *database.Tx, events []Event) error {
	rows := make([][]any, len(events))
	for i, e := range events {
		var err error
		if rows[i], err = e.row(); err != nil {
			return err
		}
	}
	return tx.InsertAll(`event (id, at, kind, actor_kind, actor_id, on_behalf_of, organization_id, subject_kind, subject_id, data)`, rows)
}
