package agent

import (
	"strings"
)

// Identity is what a device is known by: its serial number, else its UDID, else
// its enrollment id. Values are in the form that normalized gives; empty is none.
type Identity struct {
	SerialNumber string
	UDID         string
	EnrollmentID string
}

// placeholders are what machines without a serial number give as one. Taken for
// a serial number they would make one device of many.
func placeholders() []string {
	return []string{
		"0", "NONE", "N/A", "NULL", "UNKNOWN", "NOT AVAILABLE", "NOT SPECIFIED", "SYSTEM SERIAL NUMBER",
		"DEFAULT STRING", "TO BE FILLED BY O.E.M.",
	}
}

// normalized gives the identity as it is compared and stored: upper case, no
// space around, no placeholder.
func (id Identity) normalized() Identity {
	id.SerialNumber = normalIdentifier(id.SerialNumber)
	id.UDID = normalIdentifier(id.UDID)
	id.EnrollmentID = normalIdentifier(id.EnrollmentID)
	return id
}

func normalIdentifier(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	if strings.Trim(s, "0-") == "" {
		return ""
	}
	for _, p := range placeholders() {
		if s == p {
			return ""
		}
	}
	return s
}

// empty reports whether nothing identifies the device.
func (id Identity) empty() bool { return id == Identity{} }

// String gives the strongest identifier.
func (id Identity) String() string {
	switch {
	case id.SerialNumber != "":
		return id.SerialNumber
	case id.UDID != "":
		return id.UDID
	default:
		return id.EnrollmentID
	}
}

// differs reports whether both are given and not the same.
func differs(a, b string) bool { return a != "" && b != "" && a != b }

// or gives the identity with gaps filled from another.
func (id Identity) or(other Identity) Identity {
	if id.SerialNumber == "" {
		id.SerialNumber = other.SerialNumber
	}
	if id.UDID == "" {
		id.UDID = other.UDID
	}
	if id.EnrollmentID == "" {
		id.EnrollmentID = other.EnrollmentID
	}
	return id
}

// without gives the identity with the identifiers removed that other has too.
func (id Identity) without(other Identity) Identity {
	if id.SerialNumber == other.SerialNumber {
		id.SerialNumber = ""
	}
	if id.UDID == other.UDID {
		id.UDID = ""
	}
	if id.EnrollmentID == other.EnrollmentID {
		id.EnrollmentID = ""
	}
	return id
}

// sameDevice reports whether a known device that shares an identifier with a
// fact is the device that the fact is about. A shared serial number decides; a
// shared UDID does unless the serial numbers differ; a shared enrollment id does
// unless a stronger identifier differs.
func sameDevice(known, told Identity) bool {
	switch {
	case told.SerialNumber != "" && known.SerialNumber == told.SerialNumber:
		return true
	case differs(known.SerialNumber, told.SerialNumber):
		return false
	case told.UDID != "" && known.UDID == told.UDID:
		return true
	case differs(known.UDID, told.UDID):
		return false
	default:
		return told.EnrollmentID != "" && known.EnrollmentID == told.EnrollmentID
	}
}

// placing is what a fact does to the known devices it touches.
type placing struct {
	into   int   // index of the device the fact is about; -1: a new one
	absorb []int // further devices that turn out to be the same one
	strip  []int // other devices that lose the identifiers they share with the fact

	identity Identity // of the device afterwards
}

// place decides which of the known devices that share an identifier with a fact
// it is about. They come strongest match first: by serial number, by UDID, by
// enrollment id, each device once. The newest word on a weak identifier counts:
// a device that contradicts it by a stronger one keeps the stronger only.
func place(told Identity, known []Identity) placing {
	p := placing{into: -1, identity: told}
	for i, k := range known {
		switch {
		case !sameDevice(k, p.identity):
			p.strip = append(p.strip, i)
		case p.into < 0:
			p.into = i
			p.identity = told.or(k)
		default:
			p.absorb = append(p.absorb, i)
			p.identity = p.identity.or(k)
		}
	}
	return p
}
