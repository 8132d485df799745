package licensing

import (
	"errors"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// listUsage gives the periods of a metric that end in a span of time, and of each
// activation the last one before it and the first one after it.
func listUsage(q database.Querier, f UsageFilter, metric string, from, to time.Time) ([]usageReport, error) {
	column, id := f.subject("a.subscription_id", "a.key_id", "a.id")
	start, end := database.Micros(from), database.Micros(to)
	return database.All(q, func(r database.Row) (u usageReport, err error) {
		var from, to int64
		var ended database.NullInstant
		err = r.Scan(&u.activation, &from, &to, &u.used, &u.peak, &ended)
		u.from, u.to, u.ended = database.Instant(from), database.Instant(to), ended.Ptr()
		return u, err
	}, `SELECT u.activation_id, u.from_at, u.to_at, u.used, u.peak, a.ended_at
		FROM usage_report u JOIN activation a ON a.id = u.activation_id
		WHERE `+column+` = ? AND u.metric = ?
		  AND u.to_at >= COALESCE((SELECT MAX(b.to_at) FROM usage_report b
			WHERE b.activation_id = a.id AND b.metric = u.metric AND b.to_at <= ?), 0)
		  AND u.to_at <= COALESCE((SELECT MIN(b.to_at) FROM usage_report b
			WHERE b.activation_id = a.id AND b.metric = u.metric AND b.to_at >= ?), ?)
		ORDER BY u.activation_id, u.to_at, u.from_at`, id, metric, start, end, end)
}

// subject gives the column and the id of what a history is asked of.
func (f UsageFilter) subject(subscription, key, activation string) (column, id string) {
	switch {
	case f.SubscriptionID != "":
		return subscription, f.SubscriptionID
	case f.KeyID != "":
		return key, f.KeyID
	default:
		return activation, f.ActivationID
	}
}

// termsFor gives the terms of what a history is asked of, and the key that has to
// be looked after to see it: none for a whole subscription.
func (s *Service) termsFor(q database.Querier, f UsageFilter, today licensefile.Date) (*terms, string, error) {
	from, id := f.subject(`license_key k `+termsJoins+` WHERE k.kind <> 'sublicense' AND k.replaced_by IS NULL AND s.id = ?`,
		`license_key k `+termsJoins+` WHERE k.id = ?`,
		`activation a JOIN license_key k ON k.id = a.key_id `+termsJoins+` WHERE a.id = ?`)
	t, err := database.One(q, func(r database.Row) (termsRow, error) {
		var t termsRow
		err := r.Scan(append(t.destinations(), &t.KeyUsed)...)
		return t, err
	}, `SELECT `+termsColumns+`, `+keyUsed+` FROM `+from, append(poolArguments(today), id)...)
	if errors.Is(err, database.ErrNoRows) {
		return nil, "", problem.New(problem.NotFound)
	}
	if err != nil {
		return nil, "", err
	}
	complete, err := s.withOffer(q, &t)
	if err != nil || f.SubscriptionID != "" {
		return complete, "", err
	}
	return complete, complete.Key.ID, nil
}
