package server

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"time"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/issuer"
	"github.com/licethq/licet/internal/jobs"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/mail"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/seal"
)

// Data is an open data folder: the database and the services above it.
type Data struct {
	DB        *database.DB
	Keyring   *seal.Keyring
	Mail      *mail.Outbox
	Jobs      *jobs.Worker
	Identity  *identity.Service
	Catalog   *catalog.Service
	Issuer    *issuer.Service
	Licensing *licensing.Service
	Sealer    *event.Sealer
}

// opening says how a folder is opened.
type opening struct {
	folder Folder
	create bool          // whether a first start may happen here
	refuse error         // why a first start may not happen yet; nil when it may
	wait   time.Duration // for a lock on the database; 0 is the default
	logger *slog.Logger
	now    func() time.Time
	rand   io.Reader
}

// OpenData opens a data folder that a server has started in before, for an
// operator's command. The server may be running. Close what it gives.
func OpenData(ctx context.Context, folder Folder) (*Data, error) {
	d, err := opening{
		folder: folder, logger: slog.New(slog.DiscardHandler), now: time.Now, rand: rand.Reader,
	}.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.Issuer.CheckMasterKey(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close closes the database.
func (d *Data) Close() error { return d.DB.Close() }

func (o opening) open(ctx context.Context) (*Data, error) {
	if err := o.checkFolder(); err != nil {
		return nil, err
	}
	db, err := database.Open(ctx, o.folder.databaseURL(), database.Options{Logger: o.logger, LockTimeout: o.wait})
	if err != nil {
		return nil, err
	}
	d, err := o.services(ctx, db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return d, nil
}

// checkFolder makes the folder at first start, and else wants what must be there.
func (o opening) checkFolder() error {
	if o.create {
		if err := os.MkdirAll(o.folder.Path, 0o700); err != nil {
			return problem.Newf(problem.ConfigurationInvalid, "The data folder cannot be made.").Because(err)
		}
		return nil
	}
	want := o.folder.Path
	if file, ok := o.folder.sqliteFile(); ok {
		want = file
	}
	if _, err := os.Stat(want); err != nil {
		return problem.Newf(problem.ConfigurationInvalid,
			"There is no Licet data here. Check --data and --database; the server makes them at its first start.").Because(err)
	}
	return nil
}

func (o opening) services(ctx context.Context, db *database.DB) (*Data, error) {
	if err := db.Migrate(ctx, database.ServerSchema()); err != nil {
		return nil, err
	}
	d := &Data{DB: db}
	d.Issuer = &issuer.Service{DB: db, Now: o.now, Rand: o.rand}
	_, err := d.Issuer.Publisher(ctx)
	firstStart := problem.Is(err, problem.NotFound)
	switch {
	case err != nil && (!firstStart || !o.create):
		return nil, err
	case firstStart && o.refuse != nil:
		return nil, o.refuse
	}
	if d.Keyring, err = o.keyring(firstStart); err != nil {
		return nil, err
	}
	d.Issuer.Keyring = d.Keyring
	d.Jobs = &jobs.Worker{DB: db, Now: o.now, Logger: o.logger, Jitter: mathrand.Float64}
	d.Mail = &mail.Outbox{DB: db, Keyring: d.Keyring, Now: o.now, Contact: contact, Queue: d.queueMail}
	d.Identity = &identity.Service{
		DB: db, Now: o.now, Rand: o.rand, Mail: d.Mail, Keyring: d.Keyring, Gate: identity.NewGate(identity.GateLimits{}),
		Erasing: []identity.Erasing{licensing.ForgetPurchaser},
	}
	d.Identity.Verify = d.VerifyEvents
	d.Catalog = &catalog.Service{DB: db, Now: o.now}
	d.Licensing = &licensing.Service{
		DB: db, Keyring: d.Keyring, Issuer: d.Issuer, Offers: catalog.NewOffers(), People: d.Identity, Now: o.now, Rand: o.rand,
	}
	d.Sealer = &event.Sealer{DB: db, Now: o.now, Logger: o.logger}
	return d, nil
}

// keyring reads the master key. Only a folder without a publisher gets a new
// one: where secrets are sealed already, a fresh key could open none of them.
func (o opening) keyring(create bool) (*seal.Keyring, error) {
	if o.folder.MasterKey != "" {
		return seal.ParseKeyring(o.folder.MasterKey)
	}
	file := o.folder.masterKeyFile()
	keyring, err := seal.LoadKeyring(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return keyring, err
	}
	if !create {
		return nil, problem.Newf(problem.ConfigurationInvalid,
			"There is no master key file where it should be. Give --master-key-file, or LICET_MASTER_KEY with its text.").Because(err)
	}
	if err := seal.CreateKeyFile(file); err != nil {
		return nil, err
	}
	o.logger.Info("made the master key", "file", file)
	return seal.LoadKeyring(file)
}
