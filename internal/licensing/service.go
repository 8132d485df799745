package licensing

import (
	"io"
	"time"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/issuer"
	"github.com/licethq/licet/internal/seal"
)

// Purposes of what is sealed or hashed with the master key.
const (
	purposeKey    = "license key"
	purposeLookup = "license key look-up"
)

// Service holds the verbs of licensing.
type Service struct {
	DB      *database.DB
	Keyring *seal.Keyring
	Issuer  *issuer.Service
	Offers  *catalog.Offers
	People  *identity.Service // drafts the organizations that registering founds
	Now     func() time.Time
	Rand    io.Reader
}

// now gives the time at the precision that is stored.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// lookup gives the hash by which a normalized key is found.
func (s *Service) lookup(normalized string) []byte {
	return s.Keyring.MAC(purposeLookup, []byte(normalized))
}
