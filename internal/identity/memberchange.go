package identity

import (
	"context"
	"fmt"
	"slices"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/language"
	"github.com/licethq/licet/internal/problem"
)

// MemberChange is what to change of a membership; nil leaves a part as it is.
type MemberChange struct {
	Role             *MemberRole
	VolumePurchasing *bool // the privilege to manage Apple locations (J8)
	EverySite        *bool // of the privilege; false means those of Sites
	Sites            *[]string
}

const maxSites = 1000

// Validate reports every fault at once.
func (c MemberChange) Validate() error {
	var f problem.Faults
	f.Check(c.Role == nil || c.Role.Valid(), "/role", "must be member, license_administrator or account_administrator")
	f.Check(c.Sites == nil || len(*c.Sites) <= maxSites, "/sites", fmt.Sprintf("must be at most %d sites", maxSites))
	f.Check(c.Sites == nil || len(*c.Sites) == 0 || c.EverySite == nil || !*c.EverySite, "/sites", "must be left out when the privilege is for every site")
	return f.Err()
}

// applied gives a membership with the change. Naming sites means those alone,
// and the privilege for every site names none.
func (c MemberChange) applied(m Membership) Membership {
	if c.Role != nil {
		m.Role = *c.Role
	}
	if c.VolumePurchasing != nil {
		m.VolumePurchasing = *c.VolumePurchasing
	}
	if c.Sites != nil {
		m.Sites = slices.Compact(slices.Sorted(slices.Values(*c.Sites)))
		m.EverySite = false
	}
	if c.EverySite != nil {
		m.EverySite = *c.EverySite
	}
	if m.EverySite {
		m.Sites = nil
	}
	return m
}

// alike reports whether nothing that can be changed differs.
func (m Membership) alike(o Membership) bool {
	return m.Role == o.Role && m.VolumePurchasing == o.VolumePurchasing && m.EverySite == o.EverySite && slices.Equal(m.Sites, o.Sites)
}

// ChangeMember changes the role or privilege of a member, who is told of a new
// role by mail. Keys stay granted to license administrators alone. Errors:
// validation_failed, last_administrator, version_changed, not_found, forbidden.
func (s *Service) ChangeMember(ctx context.Context, actor Actor, organizationID, personID string, c MemberChange, version int64) (Colleague, error) {
	if err := c.Validate(); err != nil {
		return Colleague{}, err
	}
	err := s.changeMember(ctx, actor, organizationID, personID, version, func(tx *database.Tx, r roster, m Membership) error {
		var err error
		if m.Sites, err = sitesOf(tx, m); err != nil {
			return err
		}
		becomes := c.applied(m)
		if becomes.alike(m) {
			return nil
		}
		if err := r.mayBecome(personID, &becomes); err != nil {
			return err
		}
		return s.storeMember(tx, actor, m, becomes)
	})
	if err != nil {
		return Colleague{}, err
	}
	return colleague(s.DB.Read(ctx), organizationID, personID)
}

func (s *Service) storeMember(tx *database.Tx, actor Actor, m, becomes Membership) error {
	if err := checkSites(tx, becomes); err != nil {
		return err
	}
	if err := updateMembership(tx, becomes); err != nil {
		return err
	}
	if err := storeSites(tx, becomes); err != nil {
		return err
	}
	if becomes.Role != LicenseAdministrator {
		if err := storeGrants(tx, becomes, nil, s.now()); err != nil {
			return err
		}
	}
	err := recordMember(tx, actor, m, "changed", s.now(), map[string]any{
		"role_before": m.Role, "role": becomes.Role, "volume_purchasing": becomes.VolumePurchasing,
		"every_site": becomes.EverySite, "sites": len(becomes.Sites),
	})
	if err != nil || becomes.Role == m.Role {
		return err
	}
	return s.tellMember(tx, m, "role_changed", "/", func(t language.Tag) map[string]any {
		return map[string]any{"role": language.Text(t, "member_role."+string(becomes.Role), nil)}
	})
}

// checkSites gives validation_failed for sites that the organization does not have.
func checkSites(tx *database.Tx, m Membership) error {
	var f problem.Faults
	for i, site := range m.Sites {
		known, err := hasSite(tx, m.OrganizationID, site)
		if err != nil {
			return err
		}
		f.Check(known, fmt.Sprintf("/sites/%d", i), "must be a site of the organization")
	}
	return f.Err()
}
