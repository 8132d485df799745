package identity

import (
	"context"
	"fmt"
	"slices"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
)

const maxGrants = 10000

// GrantKeys says which keys a license administrator looks after, in place of
// those before (P12). Errors: validation_failed for somebody of another role or
// for keys that are not the organization's, version_changed, not_found,
// forbidden.
func (s *Service) GrantKeys(ctx context.Context, actor Actor, organizationID, personID string, keys []string, version int64) (Colleague, error) {
	wanted := slices.Compact(slices.Sorted(slices.Values(keys)))
	err := s.changeMember(ctx, actor, organizationID, personID, version, func(tx *database.Tx, _ roster, m Membership) error {
		if err := checkGrants(tx, m, keys); err != nil {
			return err
		}
		before, err := grantsOf(tx, m)
		if err != nil || slices.Equal(before, wanted) {
			return err
		}
		if err := storeGrants(tx, m, wanted, s.now()); err != nil {
			return err
		}
		if err := updateMembership(tx, m); err != nil { // its version grows
			return err
		}
		return recordMember(tx, actor, m, "granted", s.now(), map[string]any{"keys": wanted})
	})
	if err != nil {
		return Colleague{}, err
	}
	return colleague(s.DB.Read(ctx), organizationID, personID)
}

func checkGrants(tx *database.Tx, m Membership, keys []string) error {
	var f problem.Faults
	f.Check(len(keys) <= maxGrants, "/keys", fmt.Sprintf("must be at most %d keys", maxGrants))
	f.Check(len(keys) == 0 || m.Role == LicenseAdministrator, "/keys", "can be granted to a license administrator only")
	if err := f.Err(); err != nil {
		return err
	}
	for i, key := range keys {
		known, err := hasKey(tx, m.OrganizationID, key)
		if err != nil {
			return err
		}
		f.Check(known, fmt.Sprintf("/keys/%d", i), "must be a key of the organization")
	}
	return f.Err()
}
