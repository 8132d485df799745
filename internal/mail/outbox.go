package mail

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/seal"
)

// Outbox writes mails and sends them.
type Outbox struct {
	DB      *database.DB
	Keyring *seal.Keyring
	Now     func() time.Time

	// Queue asks for the delivery of a mail once the transaction is committed;
	// nil when nobody delivers.
	Queue func(tx *database.Tx, mailID string) error
	// Contact gives who sends the mails; nil is nobody in particular.
	Contact func(q database.Querier) (Contact, error)
	// PublicURL is what links begin with.
	PublicURL string

	// Transport is how mails leave; nil keeps them queued.
	Transport *Transport
}

// What is sealed, and what addresses are hashed for.
const (
	sealPurpose = "mail"
	hashPurpose = "mail recipient"
)

// now gives the time at the precision that is stored.
func (o *Outbox) now() time.Time { return o.Now().UTC().Truncate(time.Microsecond) }

// hash gives what mails to an address are found by.
func (o *Outbox) hash(to string) []byte {
	return o.Keyring.MAC(hashPurpose, []byte(strings.ToLower(strings.TrimSpace(to))))
}

// Send writes a mail in the caller's transaction and queues its delivery.
// Errors: validation_failed when the address or language is none; others are
// faults of the program, such as data that the words lack.
func (o *Outbox) Send(tx *database.Tx, m Message) error {
	if err := m.validate(); err != nil {
		return err
	}
	var contact Contact
	if o.Contact != nil {
		var err error
		if contact, err = o.Contact(tx); err != nil {
			return err
		}
	}
	l, err := render(m, contact, o.PublicURL)
	if err != nil {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	sealed, err := o.seal(id.String(), l)
	if err != nil {
		return err
	}
	if err := insertMail(tx, id.String(), m, o.hash(m.To), sealed, o.now()); err != nil {
		return err
	}
	return o.queue(tx, id.String())
}

func (o *Outbox) queue(tx *database.Tx, id string) error {
	if o.Queue == nil {
		return nil
	}
	return o.Queue(tx, id)
}

// Recent tells how many mails were written to an address since an instant.
func (o *Outbox) Recent(q database.Querier, to string, since time.Time) (int64, error) {
	return countSince(q, o.hash(to), since)
}

// Forget erases what mails to an address hold. Those that still wait are not
// sent any more.
func (o *Outbox) Forget(tx *database.Tx, to string) error {
	return eraseTo(tx, o.hash(to), o.now())
}

// ForgetPerson erases what mails to a person hold. Those that still wait are
// not sent any more.
func (o *Outbox) ForgetPerson(tx *database.Tx, personID string) error {
	return erasePerson(tx, personID, o.now())
}

func (o *Outbox) seal(id string, l letter) ([]byte, error) {
	plain, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	return o.Keyring.Seal(sealPurpose, plain, []byte(id)), nil
}

// open gives the letter of a mail; an erased one is empty.
func (o *Outbox) open(id string, sealed []byte) (letter, error) {
	var l letter
	if sealed == nil {
		return l, nil
	}
	plain, err := o.Keyring.Open(sealPurpose, sealed, []byte(id))
	if err != nil {
		return l, err
	}
	err = json.Unmarshal(plain, &l)
	return l, err
}

// About gives the kinds and instants of all mails to a person or their address,
// oldest first.
func (o *Outbox) About(q database.Querier, personID, to string) ([]Mail, error) {
	return mailsAbout(q, personID, o.hash(to))
}
