package identity

import (
	"context"
	"encoding/json"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
)

// Settings are what a publisher may set for the people who use the server. A
// member's name ends in its unit.
type Settings struct {
	// Support is whom people may turn to, also those who cannot sign in (R3).
	SupportEmail string `json:"support_email"`
	SupportURL   string `json:"support_url"`

	InvitationDays      int64 `json:"invitation_days"`       // how long an invitation lives (P13)
	ResetMinutes        int64 `json:"reset_minutes"`         // how long the link of a reset works (R4)
	ConfirmHours        int64 `json:"confirm_hours"`         // how long a sign-up waits for its confirmation
	SessionIdleHours    int64 `json:"session_idle_hours"`    // a session ends after so long without use
	SessionDays         int64 `json:"session_days"`          // and after so long whatever happens
	SecondFactorMinutes int64 `json:"second_factor_minutes"` // between the password and the second factor
	DeviceCodeMinutes   int64 `json:"device_code_minutes"`   // how long an agent waits for its sign-in (R1)
	MinPassword         int64 `json:"min_password"`          // characters
	MailsPerHour        int64 `json:"mails_per_hour"`        // to one address, of those that strangers can cause
	IdempotencyHours    int64 `json:"idempotency_hours"`     // how long an Idempotency-Key is remembered
}

// DefaultSettings gives what a publisher starts with.
func DefaultSettings() Settings {
	return Settings{
		InvitationDays: 7, ResetMinutes: 60, ConfirmHours: 24, SessionIdleHours: 12, SessionDays: 30,
		SecondFactorMinutes: 10, DeviceCodeMinutes: 15, MinPassword: 12, MailsPerHour: 5, IdempotencyHours: 48,
	}
}

const (
	maxSettingDays    = 366
	maxSettingHours   = 24 * maxSettingDays
	maxSettingMinutes = 60 * 24
	maxURL            = 2000
)

// Validate reports every fault at once.
func (s Settings) Validate() error {
	var f problem.Faults
	f.Check(s.SupportEmail == "" || validEmail(s.SupportEmail), "/support_email", "must be an email address such as role@example.com")
	f.Check(s.SupportURL == "" || webAddress(s.SupportURL), "/support_url", "must be an address that begins with https://")
	f.Range("/invitation_days", s.InvitationDays, 1, maxSettingDays)
	f.Range("/reset_minutes", s.ResetMinutes, 5, maxSettingMinutes)
	f.Range("/confirm_hours", s.ConfirmHours, 1, maxSettingHours)
	f.Range("/session_idle_hours", s.SessionIdleHours, 1, maxSettingHours)
	f.Range("/session_days", s.SessionDays, 1, maxSettingDays)
	f.Range("/second_factor_minutes", s.SecondFactorMinutes, 1, maxSettingMinutes)
	f.Range("/device_code_minutes", s.DeviceCodeMinutes, 1, maxSettingMinutes)
	f.Range("/min_password", s.MinPassword, 8, 64)
	f.Range("/mails_per_hour", s.MailsPerHour, 1, 1000)
	f.Range("/idempotency_hours", s.IdempotencyHours, 1, maxSettingHours)
	return f.Err()
}

// SettingsOf gives the settings as they are now, and their version. What has
// never been set is the default.
func SettingsOf(q database.Querier) (Settings, int64, error) {
	settings := DefaultSettings()
	version := int64(0)
	text, err := database.One(q, func(r database.Row) (text string, err error) {
		err = r.Scan(&text, &version)
		return text, err
	}, `SELECT settings, version FROM settings WHERE id = 1`)
	if err == nil {
		err = json.Unmarshal([]byte(text), &settings)
	}
	return settings, version, err
}

// Settings gives the settings to staff.
func (s *Service) Settings(ctx context.Context, actor Actor) (Settings, int64, error) {
	if err := actor.Require(AnyStaff...); err != nil {
		return Settings{}, 0, err
	}
	return SettingsOf(s.DB.Read(ctx))
}

// Contact gives of the settings what everybody may know, also who cannot sign in:
// whom to turn to, and what a password needs (R3).
func (s *Service) Contact(ctx context.Context) (Settings, error) {
	all, _, err := SettingsOf(s.DB.Read(ctx))
	return Settings{SupportEmail: all.SupportEmail, SupportURL: all.SupportURL, MinPassword: all.MinPassword}, err
}

// ChangeSettings replaces the settings. A version other than 0 has to be the
// current one. Errors: validation_failed, version_changed, forbidden.
func (s *Service) ChangeSettings(ctx context.Context, actor Actor, settings Settings, version int64) (Settings, int64, error) {
	if err := actor.Require(Owners...); err != nil {
		return Settings{}, 0, err
	}
	if err := settings.Validate(); err != nil {
		return Settings{}, 0, err
	}
	text, err := json.Marshal(settings)
	if err != nil {
		return Settings{}, 0, err
	}
	var now int64
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		_, at, err := SettingsOf(tx)
		if err != nil {
			return err
		}
		if err := SameVersion(version, at); err != nil {
			return err
		}
		now = at + 1
		n, err := tx.Exec(`UPDATE settings SET settings = ?, version = ? WHERE id = 1 AND version = ?`, string(text), now, at)
		if err != nil {
			return err
		}
		if n == 0 {
			return database.ErrAgain
		}
		return event.Record(tx, event.Event{
			At: s.now(), Kind: "settings.changed", Actor: actor.Actor, Subject: event.Subject{Kind: "settings", ID: "1"},
		})
	})
	return settings, now, err
}

// SameVersion gives version_changed when a request was made for another version
// of a thing than there is; a request for version 0 means any.
func SameVersion(asked, is int64) error {
	if asked == 0 || asked == is {
		return nil
	}
	return problem.New(problem.VersionChanged)
}

func hours(n int64) time.Duration   { return time.Duration(n) * time.Hour }
func minutes(n int64) time.Duration { return time.Duration(n) * time.Minute }
func days(n int64) time.Duration    { return time.Duration(n) * 24 * time.Hour }
