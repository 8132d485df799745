package identity

import (
	"slices"
	"time"
)

// MemberRole says what a person may do in an organization (P12).
type MemberRole string

// The roles of members, from the least to the most.
const (
	Member               MemberRole = "member"                // own profile, downloads, tickets
	LicenseAdministrator MemberRole = "license_administrator" // for granted keys: view, activate, deactivate, rename, see devices
	AccountAdministrator MemberRole = "account_administrator" // everything
)

// MemberRoles lists the roles from the least to the most.
var MemberRoles = []MemberRole{Member, LicenseAdministrator, AccountAdministrator}

// Valid reports whether the role exists.
func (r MemberRole) Valid() bool { return slices.Contains(MemberRoles, r) }

func (r MemberRole) atLeast(least MemberRole) bool {
	return slices.Index(MemberRoles, r) >= slices.Index(MemberRoles, least)
}

// Membership is a person's place in an organization.
type Membership struct {
	OrganizationID   string
	OrganizationName string
	PersonID         string
	Role             MemberRole

	// VolumePurchasing is the privilege to manage Apple locations (J8), for every
	// site or for those listed.
	VolumePurchasing bool
	EverySite        bool
	Sites            []string

	// Keys are those granted to a license administrator.
	Keys []string

	BlockedAt *time.Time // by an account administrator; nil while it counts
	Version   int64
	Since     time.Time
}

// looksAfter reports whether the member may see and use a key.
func (m Membership) looksAfter(keyID string) bool {
	return m.Role == AccountAdministrator || m.Role == LicenseAdministrator && slices.Contains(m.Keys, keyID)
}
