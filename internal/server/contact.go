package server

import (
	"errors"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/mail"
)

// contact gives who sends mails, and whom their readers may turn to.
func contact(q database.Querier) (mail.Contact, error) {
	name, err := database.One(q, database.Value[string], `SELECT name FROM publisher`)
	if err != nil && !errors.Is(err, database.ErrNoRows) {
		return mail.Contact{}, err
	}
	settings, _, err := identity.SettingsOf(q)
	return mail.Contact{Publisher: name, SupportEmail: settings.SupportEmail, SupportURL: settings.SupportURL}, err
}
