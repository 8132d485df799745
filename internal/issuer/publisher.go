package issuer

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/licethq/licet/internal/problem"
)

// Publisher is who sells: one server is one publisher.
type Publisher struct {
	ID        string // urn:uuid:…; iss of every answer and aud of every request
	Name      string
	TimeZone  string // IANA name; subscriptions begin and end in it
	CreatedAt time.Time

	// RootOffline says that the root's private key is kept in a file.
	RootOffline bool
}

// maxName is the longest name of a publisher, in characters.
const maxName = 200

// validatePublisher checks what first start asks for, reporting every fault.
func validatePublisher(name, zone string) error {
	var faults []problem.Field
	if strings.TrimSpace(name) == "" || utf8.RuneCountInString(name) > maxName || !utf8.ValidString(name) {
		faults = append(faults, problem.Field{Pointer: "publisher", Message: "Give the publisher's name, at most 200 characters."})
	}
	if _, err := loadZone(zone); err != nil {
		faults = append(faults, problem.Field{Pointer: "time-zone", Message: "Give the time zone that subscriptions end in, such as Europe/Zurich."})
	}
	return problem.Invalid(faults)
}

// loadZone gives a named zone. "Local" is refused: it would mean another zone on
// another machine.
func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, problem.Newf(problem.ValidationFailed, "The time zone needs a name such as Europe/Zurich.")
	}
	return time.LoadLocation(name)
}
