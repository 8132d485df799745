package main

import (
	"context"
	"strings"

	"github.com/licethq/licet/api"
)

type orgMembers struct {
	organizationArg
	sortFlag

	Role    string `placeholder:"ROLE" help:"member, license_administrator or account_administrator."`
	Blocked bool   `help:"Only blocked members."`
	Search  string `placeholder:"TEXT" help:"Part of a name or address."`
}

// Run lists members.
func (c *orgMembers) Run(ctx context.Context, p *program) error {
	filter := api.MemberFilter{Role: c.Role, Search: c.Search}
	if c.Blocked {
		filter.Blocked = "true"
	}
	return askAll(p, c.serverFlags, c.listing(), func(s *api.Client, l api.Listing) (api.Page[api.Member], error) {
		return s.Members(ctx, c.Organization, filter, l)
	}, []string{"PERSON", "NAME", "EMAIL", "ROLE", "KEYS", "SINCE", "BLOCKED"}, func(m api.Member) []string {
		return []string{
			m.PersonID, fullName(m.FirstName, m.LastName), m.Email, m.Role, counted(m.KeyCount), moment(m.Since), instant(m.BlockedAt),
		}
	})
}

// memberArgs name a member of an organization.
type memberArgs struct {
	organizationArg

	Person string `arg:"" help:"Id of the person."`
}

func (p *program) printMember(m api.Member) {
	p.facts("Person", m.PersonID, "Name", fullName(m.FirstName, m.LastName), "Email", m.Email, "Role", m.Role,
		"Volume purchasing", yes(m.VolumePurchasing), "Keys", strings.Join(m.Keys, " "), "Since", moment(m.Since),
		"Blocked", maybeInstant(m.BlockedAt))
}

type orgRole struct {
	memberArgs

	Role string `arg:"" help:"member, license_administrator or account_administrator."`
}

// Run changes a member's role.
func (c *orgRole) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Member, error) {
		return s.ChangeMember(ctx, c.Organization, c.Person, api.MemberChange{Role: &c.Role})
	}, p.printMember)
}

type orgGrant struct {
	memberArgs

	Keys []string `arg:"" optional:"" help:"Ids of the keys, instead of those before; none takes all away."`
}

// Run grants keys.
func (c *orgGrant) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Member, error) {
		return s.GrantKeys(ctx, c.Organization, c.Person, append([]string{}, c.Keys...))
	}, p.printMember)
}

type orgBlock struct {
	memberArgs
}

// Run blocks a member.
func (c *orgBlock) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Member, error) {
		return s.BlockMember(ctx, c.Organization, c.Person)
	}, p.printMember)
}

type orgUnblock struct {
	memberArgs
}

// Run unblocks a member.
func (c *orgUnblock) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Member, error) {
		return s.UnblockMember(ctx, c.Organization, c.Person)
	}, p.printMember)
}

type orgRemove struct {
	memberArgs
}

// Run removes a member.
func (c *orgRemove) Run(ctx context.Context, _ *program) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return client.RemoveMember(ctx, c.Organization, c.Person)
}
