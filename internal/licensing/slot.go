package licensing

import (
	"crypto/sha256"
	"encoding/json"
	"maps"
	"time"

	"github.com/licethq/licet/licensefile"
)

// Installation is where keys are used. Its id is the RFC 7638 thumbprint of its
// public key, so a new key pair is a new installation.
type Installation struct {
	ID              string
	OrganizationID  string // that of its first key (R1)
	Name            string // given by people; at first the host name
	HostName        string
	OperatingSystem string
	SoftwareVersion string
	Fingerprint     map[string]string // salted hashes, for people to compare forks
}

// describes reports whether the installation still is as a request says.
func (i Installation) describes(a licensefile.About) bool {
	return i.HostName == a.HostName && i.OperatingSystem == a.OperatingSystem && i.SoftwareVersion == a.Version &&
		maps.Equal(i.Fingerprint, a.Fingerprint)
}

// described gives the installation as a request says it is now.
func (i Installation) described(a licensefile.About) Installation {
	i.HostName, i.OperatingSystem, i.SoftwareVersion, i.Fingerprint = a.HostName, a.OperatingSystem, a.Version, a.Fingerprint
	return i
}

// Slot is the row that people see: an installation, a site of it and a license
// type. It survives re-activation and the replacement of its key.
type Slot struct {
	ID             string
	InstallationID string
	OrganizationID string
	SiteID         string
	SiteName       string
	LicenseType    string

	Sequence int64    // highest accepted
	Digest   [32]byte // of the request with that sequence
	Held     int64    // highest license serial that an accepted request held
	Serial   int64    // highest issued
	Answer   Answer   // to the request with that digest

	// Described is a digest of what the installation last said of itself and of
	// the site, so that only another word needs to be compared and written.
	Described [32]byte

	ForkedAt *time.Time // when two copies were first seen; nil for never
}

// described gives the digest of what a request says of installation and site.
func described(r licensefile.Request) [32]byte {
	said, err := json.Marshal(struct {
		About licensefile.About `json:"about"`
		Site  string            `json:"site"`
	}{r.About, r.Slot.Site.Name})
	if err != nil { // strings and a map of strings always marshal
		return [32]byte{}
	}
	return sha256.Sum256(said)
}

// Answer is what the slot's last accepted request was answered with; the same
// request again is answered with the same.
type Answer struct {
	Serial  int64 // 0 for a receipt that takes none
	At      time.Time
	Expires time.Time
}

// nextSerial gives the serial of the next answer to a request that holds a
// license of serial held. Only a server restored from a backup meets a higher
// serial than it issued; it goes on above it.
func (s Slot) nextSerial(held int64) int64 { return max(s.Serial, held) + 1 }
