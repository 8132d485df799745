package event

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/licethq/licet/internal/database"
)

// RecordAll writes many events of one change, as Record does with one.
func RecordAll(tx *database.Tx, events []Event) error {
	rows := make([][]any, len(events))
	for i, e := range events {
		if err := e.Validate(); err != nil {
			return err
		}
		if e.ID == "" {
			id, err := uuid.NewV7()
			if err != nil {
				return fmt.Errorf("event: %w", err)
			}
			e.ID = id.String()
		}
		data, err := e.Data.text()
		if err != nil {
			return fmt.Errorf("event: data of %s: %w", e.Kind, err)
		}
		rows[i] = []any{
			e.ID, database.Micros(e.At), e.Kind, e.Actor.Kind, e.Actor.ID, orNull(e.Actor.OnBehalfOf),
			orNull(e.OrganizationID), e.Subject.Kind, e.Subject.ID, data,
		}
	}
	return tx.InsertAll(`event (id, at, kind, actor_kind, actor_id, on_behalf_of, organization_id, subject_kind, subject_id, data)`, rows)
}
