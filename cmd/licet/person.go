package main

import (
	"context"
	"fmt"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/problem"
)

// personCommand looks after people, for the publisher's staff.
type personCommand struct {
	List   personList   `cmd:"" help:"List everybody who has an account."`
	Show   personShow   `cmd:"" help:"Show somebody who has an account."`
	Export personExport `cmd:"" help:"Print everything that is kept about a person, as JSON."`
	Erase  personErase  `cmd:"" help:"Erase a person for good."`
}

type personList struct {
	serverFlags
	sortFlag

	Search string `placeholder:"TEXT" help:"Part of a name or address."`
}

// Run lists people.
func (c *personList) Run(ctx context.Context, p *program) error {
	return askAll(p, c.serverFlags, c.listing(), func(s *api.Client, l api.Listing) (api.Page[api.Person], error) {
		return s.People(ctx, api.PersonFilter{Search: c.Search}, l)
	}, []string{"ID", "NAME", "EMAIL", "LANGUAGE", "STAFF", "ORGANIZATIONS", "SINCE"}, func(v api.Person) []string {
		return []string{
			v.ID, fullName(v.FirstName, v.LastName), v.Email, v.Language, or(v.StaffRole, "-"), counted(v.MembershipCount), moment(v.CreatedAt),
		}
	})
}

// personArg names a person.
type personArg struct {
	serverFlags

	Person string `arg:"" help:"Id of the person."`
}

type personShow struct {
	personArg
}

// Run shows a person.
func (c *personShow) Run(ctx context.Context, p *program) error {
	return ask(p, c.serverFlags, func(s *api.Client) (api.Person, error) { return s.Person(ctx, c.Person) }, func(v api.Person) {
		p.facts("Id", v.ID, "Name", fullName(v.FirstName, v.LastName), "Email", v.Email, "Language", v.Language, "Time zone", v.TimeZone,
			"Staff", v.StaffRole, "Since", moment(v.CreatedAt))
		p.table(func(line func(...string)) {
			line("ORGANIZATION", "NAME", "ROLE", "SINCE", "BLOCKED")
			for _, m := range v.Memberships {
				line(m.OrganizationID, m.OrganizationName, m.Role, moment(m.Since), instant(m.BlockedAt))
			}
		})
	})
}

type personExport struct {
	personArg
}

// Run exports a person.
func (c *personExport) Run(ctx context.Context, p *program) error {
	c.JSON = true
	return ask(p, c.serverFlags, func(s *api.Client) (api.PersonExport, error) { return s.ExportPerson(ctx, c.Person) }, nil)
}

type personErase struct {
	personArg

	Email string `required:"" placeholder:"ADDRESS" help:"Their email address, as a confirmation: an erasure cannot be taken back."`
}

// Run erases a person whose address was given as well.
func (c *personErase) Run(ctx context.Context, p *program) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	found, err := client.Person(ctx, c.Person)
	if err != nil {
		return err
	}
	if found.Email != c.Email {
		return problem.Newf(problem.ValidationFailed, "This person has another email address. Nobody was erased.")
	}
	if err := client.ErasePerson(ctx, c.Person); err != nil {
		return err
	}
	if c.JSON {
		return p.printJSON(map[string]string{"erased": c.Person})
	}
	fmt.Fprintln(p.stdout, "Erased.")
	return nil
}
