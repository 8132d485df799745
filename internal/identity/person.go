package identity

import (
	"errors"
	"time"

	"github.com/licethq/licet/internal/database"
)

// Person is somebody with an account of their own: a customer's employee or a
// member of staff.
type Person struct {
	ID        string
	Email     string // as they wrote it
	FirstName string
	LastName  string
	Language  string // en, ja or fr
	TimeZone  string // IANA name; empty is the publisher's
	Version   int64
	CreatedAt time.Time

	password string // argon2id in PHC form; empty until one is set
}

// HasPassword reports whether the person has ever set a password.
func (p Person) HasPassword() bool { return p.password != "" }

const selectPerson = `SELECT id, email, first_name, last_name, language, time_zone, COALESCE(password, ''), version, created_at FROM person `

func scanPerson(r database.Row) (p Person, err error) {
	var at int64
	err = r.Scan(&p.ID, &p.Email, &p.FirstName, &p.LastName, &p.Language, &p.TimeZone, &p.password, &p.Version, &at)
	p.CreatedAt = database.Instant(at)
	return p, err
}

// PersonByID gives a person who is not erased; database.ErrNoRows when there is
// none.
func PersonByID(q database.Querier, id string) (Person, error) {
	return database.One(q, scanPerson, selectPerson+`WHERE id = ? AND erased_at IS NULL`, id)
}

// PersonByEmail gives the person of an address, however it is spelled;
// database.ErrNoRows when there is none.
func PersonByEmail(q database.Querier, email string) (Person, error) {
	return database.One(q, scanPerson, selectPerson+`WHERE email_key = ? AND erased_at IS NULL`, emailKey(email))
}

// maybe turns no row into nil.
func maybe[T any](found T, err error) (*T, error) {
	if errors.Is(err, database.ErrNoRows) {
		return nil, nil //nolint:nilnil // none is an answer here
	}
	if err != nil {
		return nil, err
	}
	return &found, nil
}

func insertPerson(tx *database.Tx, p Person) error {
	_, err := tx.Exec(`INSERT INTO person (id, email, email_key, first_name, last_name, language, time_zone, password, version, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.ID, p.Email, emailKey(p.Email), p.FirstName, p.LastName, p.Language, p.TimeZone, nullText(p.password), p.Version, database.Micros(p.CreatedAt))
	return err
}
