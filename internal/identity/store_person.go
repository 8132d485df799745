package identity

import (
	"errors"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
)

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
		p.ID, p.Email, emailKey(p.Email), p.FirstName, p.LastName, string(p.Language), p.TimeZone, nullText(p.password), p.Version,
		database.Micros(p.CreatedAt))
	return err
}

// lockPerson makes whatever changes how a person signs in wait for one another.
// A person who is erased meanwhile is not_found.
func lockPerson(tx *database.Tx, id string) error {
	n, err := tx.Exec(`UPDATE person SET version = version WHERE id = ? AND erased_at IS NULL`, id)
	if err == nil && n == 0 {
		err = problem.New(problem.NotFound)
	}
	return err
}

// updateProfile writes what a person says of themselves, unless it changed
// meanwhile.
func updateProfile(tx *database.Tx, p Person) (bool, error) {
	n, err := tx.Exec(`UPDATE person SET first_name = ?, last_name = ?, language = ?, time_zone = ?, version = version + 1
		WHERE id = ? AND version = ? AND erased_at IS NULL`,
		p.FirstName, p.LastName, string(p.Language), p.TimeZone, p.ID, p.Version)
	return n == 1, err
}

// swapPassword replaces a person's password by its hash; false when it is not the
// one that was looked at any more.
func swapPassword(tx *database.Tx, personID, from, to string) (bool, error) {
	n, err := tx.Exec(`UPDATE person SET password = ? WHERE id = ? AND COALESCE(password, '') = ? AND erased_at IS NULL`, to, personID, from)
	return n == 1, err
}

func setPassword(tx *database.Tx, personID, hash string) error {
	_, err := tx.Exec(`UPDATE person SET password = ? WHERE id = ?`, hash, personID)
	return err
}
