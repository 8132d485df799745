package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/server"
)

// staffCommand looks after the publisher's staff.
type staffCommand struct {
	Create staffCreate `cmd:"" help:"Create a member of staff and print an API token, once."`
	Token  staffToken  `cmd:"" help:"Print another API token for a member of staff, once."`
	Revoke staffRevoke `cmd:"" help:"End an API token at once."`
	List   staffList   `cmd:"" help:"List the staff."`
}

// operator is who acts when somebody uses a command on the data folder.
func operator(command string) identity.Actor { return identity.System("licet " + command) }

type staffCreate struct {
	folderFlags

	Email string `required:"" placeholder:"ADDRESS" help:"Email address."`
	Role  string `required:"" placeholder:"ROLE" help:"owner, sales, support or auditor."`
}

// Run creates the member of staff.
func (c *staffCreate) Run(ctx context.Context, p *program) error {
	return c.withData(ctx, p, func(d *server.Data) error {
		_, token, err := d.Identity.CreateStaff(ctx, operator("staff create"), identity.NewStaff{Email: c.Email, Role: identity.Role(c.Role)})
		return p.printToken(token, err)
	})
}

// printToken prints a token alone, so that a script can keep it.
func (p *program) printToken(token string, err error) error {
	if err == nil {
		fmt.Fprintln(p.stdout, token)
	}
	return err
}

type staffToken struct {
	folderFlags

	Email string `required:"" placeholder:"ADDRESS" help:"Email address of the member of staff."`
	Name  string `default:"command line" placeholder:"NAME" help:"What the token is for (${default})."`
}

// Run makes the token.
func (c *staffToken) Run(ctx context.Context, p *program) error {
	return c.withData(ctx, p, func(d *server.Data) error {
		made, token, err := d.Identity.CreateToken(ctx, operator("staff token"), c.Email, c.Name, identity.AllScopes())
		if err == nil {
			fmt.Fprintln(p.stderr, "token id: "+made.ID)
		}
		return p.printToken(token, err)
	})
}

type staffRevoke struct {
	folderFlags

	TokenID string `arg:"" name:"token-id" help:"Id of the token."`
}

// Run revokes the token.
func (c *staffRevoke) Run(ctx context.Context, p *program) error {
	return c.withData(ctx, p, func(d *server.Data) error {
		return d.Identity.RevokeToken(ctx, operator("staff revoke"), c.TokenID)
	})
}

type staffList struct {
	folderFlags
}

// Run lists the staff with their tokens.
func (c *staffList) Run(ctx context.Context, p *program) error {
	return c.withData(ctx, p, func(d *server.Data) error {
		staff, err := d.Identity.ListStaff(ctx, operator("staff list"))
		if err != nil {
			return err
		}
		tokens, err := d.Identity.ListTokens(ctx, operator("staff list"))
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "EMAIL\tROLE\tTOKEN\tNAME\tREVOKED")
		for _, s := range staff {
			for _, t := range tokens[s.PersonID] {
				revoked := "no"
				if t.RevokedAt != nil {
					revoked = t.RevokedAt.Format("2006-01-02 15:04 MST")
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.Email, s.Role, t.ID, t.Name, revoked)
			}
		}
		return w.Flush()
	})
}
