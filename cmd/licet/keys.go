package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/server"
)

// keysCommand looks after what the publisher signs with.
type keysCommand struct {
	List        keysList        `cmd:"" help:"List the signing certificates."`
	ExportRoot  keysExportRoot  `cmd:"" name:"export-root" help:"Write the trust file that agents and verifiers are configured with. It holds no secret."`
	Rotate      keysRotate      `cmd:"" help:"Replace the signing certificate. What the old one signed stays valid."`
	Revoke      keysRevoke      `cmd:"" help:"Revoke a signing certificate: nothing that it signed is accepted any more."`
	TakeOffline keysTakeOffline `cmd:"" name:"take-offline" help:"Move the root's private key out of the database into a file."`
}

type keysList struct {
	folderFlags
}

// Run lists the certificates.
func (c *keysList) Run(ctx context.Context, p *program) error {
	return c.withData(ctx, p, func(d *server.Data) error {
		certificates, err := d.Issuer.Certificates(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "CERTIFICATE\tSIGNS UNTIL\tVALID UNTIL\tSTATE")
		for _, each := range certificates {
			state := "replaced"
			switch {
			case each.RevokedAt != nil:
				state = "revoked"
			case each.Signing:
				state = "signing"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", each.ID, each.SignsUntil.Format(time.DateOnly), each.NotAfter.Format(time.DateOnly), state)
		}
		return w.Flush()
	})
}

type keysExportRoot struct {
	folderFlags

	To string `type:"path" placeholder:"FILE" help:"File to write; the standard output by default."`
}

// Run writes the trust file.
func (c *keysExportRoot) Run(ctx context.Context, p *program) error {
	return c.withData(ctx, p, func(d *server.Data) error {
		root, err := d.Issuer.ExportRoot(ctx)
		if err != nil {
			return err
		}
		if c.To == "" {
			_, err = p.stdout.Write(root)
			return err
		}
		return os.WriteFile(c.To, root, 0o644) //nolint:gosec // a trust file is public
	})
}

// rootKeyFlag names the root's private key while it is kept offline.
type rootKeyFlag struct {
	RootKey string `type:"path" placeholder:"FILE" help:"The root's private key, when it is kept offline."`
}

func (f rootKeyFlag) read() ([]byte, error) {
	if f.RootKey == "" {
		return nil, nil
	}
	return os.ReadFile(f.RootKey)
}

type keysRotate struct {
	folderFlags
	rootKeyFlag
}

// Run replaces the signing certificate.
func (c *keysRotate) Run(ctx context.Context, p *program) error {
	return c.withData(ctx, p, func(d *server.Data) error {
		key, err := c.read()
		if err != nil {
			return err
		}
		made, err := d.Issuer.Rotate(ctx, operator("keys rotate").Actor, key)
		if err == nil {
			fmt.Fprintf(p.stdout, "%s signs until %s\n", made.ID, made.SignsUntil.Format(time.DateOnly))
		}
		return err
	})
}

type keysRevoke struct {
	folderFlags
	rootKeyFlag

	Certificate string `arg:"" help:"Id of the certificate, as licet keys list shows it."`
}

// Run revokes the certificate.
func (c *keysRevoke) Run(ctx context.Context, p *program) error {
	return c.withData(ctx, p, func(d *server.Data) error {
		key, err := c.read()
		if err != nil {
			return err
		}
		return d.Issuer.Revoke(ctx, operator("keys revoke").Actor, c.Certificate, key)
	})
}

type keysTakeOffline struct {
	folderFlags

	To string `required:"" type:"path" placeholder:"FILE" help:"New file for the root's private key. Keep it apart and safe."`
}

// Run moves the root's key into the file. The database forgets it only once the
// file is on the disk.
func (c *keysTakeOffline) Run(ctx context.Context, p *program) error {
	return c.withData(ctx, p, func(d *server.Data) error {
		err := d.Issuer.TakeOffline(ctx, operator("keys take-offline").Actor, func(keyPEM []byte) error {
			return writeSecret(c.To, keyPEM)
		})
		if err == nil {
			fmt.Fprintf(p.stdout, "The root's private key is in %s and no longer in the database.\n", c.To)
		}
		return err
	})
}

// writeSecret writes a new file that only its owner can read.
func writeSecret(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return problem.Newf(problem.ConfigurationInvalid, "The file cannot be made; it must not exist yet.").Because(err)
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}
