package main

import (
	"context"
	"strings"

	"github.com/licethq/licet/api"
)

// orgCommand looks after organizations and their members.
type orgCommand struct {
	List   orgList   `cmd:"" help:"List organizations."`
	Show   orgShow   `cmd:"" help:"Show an organization."`
	Create orgCreate `cmd:"" help:"Create an organization."`
	Change orgChange `cmd:"" help:"Change what is known of an organization."`

	Members     orgMembers     `cmd:"" help:"List the members of an organization."`
	Role        orgRole        `cmd:"" help:"Change what a member may do."`
	Grant       orgGrant       `cmd:"" help:"Say which keys a license administrator looks after."`
	Block       orgBlock       `cmd:"" help:"Keep a member out, at once, until they are unblocked."`
	Unblock     orgUnblock     `cmd:"" help:"Let a blocked member in again."`
	Remove      orgRemove      `cmd:"" help:"End a membership."`
	Invite      orgInvite      `cmd:"" help:"Invite people by email."`
	Invitations orgInvitations `cmd:"" help:"List the invitations of an organization."`
}

type orgList struct {
	serverFlags
	sortFlag

	Kind   string `placeholder:"KIND" help:"customer, partner or distributor."`
	Search string `placeholder:"TEXT" help:"Part of the name or of the reference."`
}

// Run lists organizations.
func (c *orgList) Run(ctx context.Context, p *program) error {
	return askAll(p, c.serverFlags, c.listing(), func(s *api.Client, l api.Listing) (api.Page[api.Organization], error) {
		return s.Organizations(ctx, api.OrganizationFilter{Kind: c.Kind, Search: c.Search}, l)
	}, []string{"ID", "KIND", "NAME", "COUNTRY", "REFERENCE"}, func(o api.Organization) []string {
		return []string{o.ID, o.Kind, o.Name, or(o.Country, "-"), or(o.Reference, "-")}
	})
}

// organizationArg names an organization.
type organizationArg struct {
	serverFlags

	Organization string `arg:"" help:"Id of the organization."`
}

type orgShow struct {
	organizationArg
}

// Run shows an organization.
func (c *orgShow) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Organization, error) {
		return s.Organization(ctx, c.Organization)
	}, p.printOrganization)
}

func (p *program) printOrganization(o api.Organization) {
	p.facts("Id", o.ID, "Kind", o.Kind, "Name", o.Name, "Address", o.Address, "Phone", o.Phone, "Country", o.Country,
		"Reference", o.Reference, "Since", moment(o.CreatedAt))
}

type orgCreate struct {
	serverFlags
	onceFlag

	Name      string `arg:"" help:"Name."`
	Kind      string `default:"customer" placeholder:"KIND" help:"customer, partner or distributor (${default})."`
	Address   string `placeholder:"TEXT" help:"Address."`
	Phone     string `placeholder:"NUMBER" help:"Phone number."`
	Country   string `placeholder:"XX" help:"Two letters of ISO 3166-1, such as CH."`
	Reference string `placeholder:"TEXT" help:"Its id in your other systems."`
}

// Run creates an organization.
func (c *orgCreate) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Organization, error) {
		return s.CreateOrganization(c.context(ctx), api.NewOrganization{
			Kind: c.Kind, Name: c.Name, Address: c.Address, Phone: c.Phone, Country: c.Country, Reference: c.Reference,
		})
	}, p.printOrganization)
}

type orgChange struct {
	organizationArg

	Name      *string `placeholder:"TEXT" help:"Name."`
	Address   *string `placeholder:"TEXT" help:"Address."`
	Phone     *string `placeholder:"NUMBER" help:"Phone number."`
	Country   *string `placeholder:"XX" help:"Two letters of ISO 3166-1, such as CH."`
	Reference *string `placeholder:"TEXT" help:"Its id in your other systems (staff)."`
}

// Run changes an organization.
func (c *orgChange) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Organization, error) {
		return s.ChangeOrganization(ctx, c.Organization, api.OrganizationChange{
			Name: c.Name, Address: c.Address, Phone: c.Phone, Country: c.Country, Reference: c.Reference,
		})
	}, p.printOrganization)
}

type orgInvite struct {
	organizationArg
	onceFlag

	Email    []string `arg:"" help:"Email addresses."`
	Role     string   `default:"member" placeholder:"ROLE" help:"member, license_administrator or account_administrator (${default})."`
	Language string   `default:"en" placeholder:"LANGUAGE" help:"Of the mail: en, ja or fr (${default})."`
}

// Run invites people.
func (c *orgInvite) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Invitations, error) {
		return s.Invite(c.context(ctx), c.Organization, api.NewInvitations{Emails: c.Email, Role: c.Role, Language: c.Language})
	}, func(made api.Invitations) { p.printInvitations(made.Items) })
}

var invitationHead = []string{"ID", "EMAIL", "ROLE", "LANGUAGE", "STATE", "SENT", "EXPIRES"}

func invitationCells(i api.Invitation) []string {
	return []string{i.ID, i.Email, i.Role, i.Language, i.State, moment(i.SentAt), moment(i.ExpiresAt)}
}

func (p *program) printInvitations(all []api.Invitation) {
	p.table(func(line func(...string)) {
		line(invitationHead...)
		for _, i := range all {
			line(invitationCells(i)...)
		}
	})
}

type orgInvitations struct {
	organizationArg
	sortFlag

	State string `placeholder:"STATE" help:"pending, accepted, withdrawn or expired."`
}

// Run lists invitations.
func (c *orgInvitations) Run(ctx context.Context, p *program) error {
	return askAll(p, c.serverFlags, c.listing(), func(s *api.Client, l api.Listing) (api.Page[api.Invitation], error) {
		return s.Invitations(ctx, c.Organization, api.InvitationFilter{State: c.State}, l)
	}, invitationHead, invitationCells)
}

// fullName gives a person's name, or a sign where there is none.
func fullName(first, last string) string { return or(strings.TrimSpace(first+" "+last), "-") }
