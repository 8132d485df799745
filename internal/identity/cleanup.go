package identity

import (
	"context"
	"time"

	"github.com/licethq/licet/internal/database"
)

// CleanUp removes what nobody can use any more: sessions that ended, links and
// ceremonies that are too old, and old Idempotency-Keys. A link is remembered for
// twice its life, so that late comers learn that it has expired.
func (s *Service) CleanUp(ctx context.Context) error {
	err := s.DB.InTx(ctx, func(tx *database.Tx) error {
		settings, _, err := SettingsOf(tx)
		if err != nil {
			return err
		}
		now := s.now()
		return deleteStale(tx, now, now.Add(-hours(settings.SessionIdleHours)), now.Add(-minutes(settings.SecondFactorMinutes)))
	})
	if err != nil {
		return err
	}
	return s.ForgetKeys(ctx)
}

// deleteStale removes what is too old. Complete sessions are idle since idle,
// others since waiting.
func deleteStale(tx *database.Tx, now, idle, waiting time.Time) error {
	_, err := tx.Exec(`DELETE FROM session WHERE ended_at IS NOT NULL OR expires_at <= ?
		OR (stage = 'complete' AND last_seen_at <= ?) OR (stage <> 'complete' AND last_seen_at <= ?)`,
		database.Micros(now), database.Micros(idle), database.Micros(waiting))
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM ceremony WHERE expires_at <= ?`, database.Micros(now)); err != nil {
		return err
	}
	_, err = tx.Exec(`DELETE FROM link WHERE 2 * expires_at - created_at <= ?`, database.Micros(now))
	return err
}
