package identity

import (
	"time"

	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/problem"
)

// Person is somebody with an account of their own: a customer's employee or a
// member of staff.
type Person struct {
	ID        string
	Email     string // as they wrote it
	FirstName string
	LastName  string
	Language  language.Tag
	TimeZone  string // IANA name; empty is the publisher's
	Version   int64
	CreatedAt time.Time

	password string // argon2id in PHC form; empty until one is set
}

// HasPassword reports whether the person has ever set a password.
func (p Person) HasPassword() bool { return p.password != "" }

// NewPerson is what somebody gives who signs up.
type NewPerson struct {
	Email     string
	FirstName string
	LastName  string
	Password  string
	Language  language.Tag
}

// Validate reports every fault at once.
func (n NewPerson) Validate(settings Settings) error {
	var f problem.Faults
	f.Check(validEmail(n.Email), "/email", "must be an email address such as role@example.com")
	checkNames(&f, n.FirstName, n.LastName)
	checkLanguage(&f, n.Language)
	checkPassword(&f, "/password", n.Password, settings.MinPassword, n.Email, n.FirstName, n.LastName)
	return f.Err()
}

func checkNames(f *problem.Faults, first, last string) {
	f.Text("/first_name", first, 1, maxName)
	f.Text("/last_name", last, 1, maxName)
}

func checkLanguage(f *problem.Faults, tag language.Tag) {
	f.Check(language.Valid(string(tag)), "/language", "must be en, ja or fr")
}

// draftPerson completes a person whose password has been hashed.
func (s *Service) draftPerson(n NewPerson, hash string) (Person, error) {
	id, err := newID()
	return Person{
		ID: id, Email: n.Email, FirstName: n.FirstName, LastName: n.LastName, Language: n.Language, Version: 1,
		CreatedAt: s.now(), password: hash,
	}, err
}

// personActor is a person who proved to be themselves without a session.
func personActor(id string) Actor {
	return Actor{Actor: event.Actor{Kind: event.Person, ID: id}, PersonID: id}
}
