package agent

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/licethq/licet/client"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/seal"
	"github.com/licethq/licet/licensefile"
)

// Config says what an agent is and whom it trusts.
type Config struct {
	// State is the folder that holds everything the agent must remember.
	State string

	// MasterKeyFile holds the key that seals secrets; empty: a file in State.
	MasterKeyFile string

	Server    string             // the publisher's public URL; empty: files only
	Trust     *licensefile.Trust // the publisher's roots
	Publisher string             // publisher id; empty: the only one trusted

	Product      string // product code
	Version      string // of the program that this agent licenses
	LicenseTypes []LicenseType
	SiteName     string // of the default site, at the first start

	Pace        Pace
	RemindEvery time.Duration // between log lines while a row is over its limit
	WatchEvery  time.Duration // between looks at what time alone changes

	// FreeUnseenDays is after how many days without a word of it a device is freed
	// (P19); 0: never by itself.
	FreeUnseenDays int
	FreeEvery      time.Duration // between looks for such devices

	HTTP   *http.Client     // nil: one that waits at most 30 seconds
	Now    func() time.Time // nil: the clock
	Random func() float64   // in [0, 1), for spreading; nil: math/rand
	Logger *slog.Logger     // nil logs nothing

	// SystemLog also tells the operating system's log of problems.
	SystemLog bool
}

// Agent is the on-premises agent. See the package documentation.
type Agent struct {
	cfg     Config
	log     *slog.Logger
	state   *state
	db      *database.DB
	keyring *seal.Keyring
	client  *client.Client

	hostName string // of this machine; empty if it cannot be told

	systemLog      func(text string) error // nil without one
	closeSystemLog func() error

	held  sync.RWMutex // guards holds
	holds map[RowKey]Held

	announcing sync.Mutex    // one goroutine logs problems at a time
	wake       chan struct{} // the schedule has changed
	freeAt     time.Time     // when Run looks for unseen devices next
}

// Open opens the state folder, which no other agent may have open, and readies
// the agent. Nothing goes to the network before Run or a call. Errors:
// configuration_invalid, data_folder_in_use.
func Open(ctx context.Context, cfg Config) (*Agent, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s, err := openState(ctx, cfg.State, cfg.MasterKeyFile, cfg.Logger)
	if err != nil {
		return nil, err
	}
	a := &Agent{
		cfg: cfg, log: cfg.Logger, state: s, db: s.db, keyring: s.keyring,
		holds: map[RowKey]Held{}, wake: make(chan struct{}, 1),
	}
	if err := a.start(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (c Config) withDefaults() Config {
	if len(c.LicenseTypes) == 0 {
		c.LicenseTypes = DefaultLicenseTypes()
	}
	if c.SiteName == "" {
		c.SiteName = "Default"
	}
	if c.Pace == (Pace{}) {
		c.Pace = DefaultPace()
	}
	if c.RemindEvery <= 0 {
		c.RemindEvery = time.Hour
	}
	if c.WatchEvery <= 0 {
		c.WatchEvery = time.Minute
	}
	if c.FreeEvery <= 0 {
		c.FreeEvery = time.Hour
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c Config) check() error {
	if c.State == "" || c.Product == "" {
		return problem.Newf(problem.ConfigurationInvalid, "A state folder and a product code are needed.")
	}
	if err := checkSiteName(c.SiteName); err != nil {
		return problem.Newf(problem.ConfigurationInvalid, "The name of the default site must be 1 to %d characters on one line.", maxName)
	}
	if c.FreeUnseenDays < 0 || c.FreeUnseenDays > MaxUnseenDays {
		return problem.Newf(problem.ConfigurationInvalid,
			"The days after which unseen devices are freed must be 1 to %d, or 0 for never.", MaxUnseenDays)
	}
	seen := map[Platform]bool{}
	for _, lt := range c.LicenseTypes {
		if lt.Code == "" || lt.Platform != Mac && lt.Platform != Mobile || seen[lt.Platform] {
			return problem.Newf(problem.ConfigurationInvalid,
				"Each license type needs a code and a platform of its own: mac or mobile.")
		}
		seen[lt.Platform] = true
	}
	return nil
}

// start readies what is in the open state.
func (a *Agent) start(ctx context.Context) error {
	about := licensefile.About{Version: a.cfg.Version, OperatingSystem: runtime.GOOS + "/" + runtime.GOARCH}
	if host, err := os.Hostname(); err == nil {
		about.HostName = readable(host)
	}
	a.hostName = about.HostName
	var err error
	a.client, err = client.Open(client.Config{
		Server: a.cfg.Server, Trust: a.cfg.Trust, Publisher: a.cfg.Publisher, Product: a.cfg.Product,
		About: about, Store: recordStore{a.db, a.keyring}, HTTP: a.cfg.HTTP, Now: a.cfg.Now,
	})
	if err != nil {
		return problem.Newf(problem.ConfigurationInvalid, "The exchange with the publisher cannot be set up.").Because(err)
	}
	a.openSystemLog()
	if err := a.db.InTx(ctx, a.furnish); err != nil {
		return err
	}
	if err := a.settle(ctx); err != nil {
		return err
	}
	return a.db.InTx(ctx, a.noteEarlier)
}

// openSystemLog connects to the operating system's log and says so if it cannot.
func (a *Agent) openSystemLog() {
	if !a.cfg.SystemLog {
		return
	}
	var err error
	if a.systemLog, a.closeSystemLog, err = openSystemLog(); err != nil {
		a.log.Warn("no system log can be reached here; problems stand in this log only", "error", err.Error())
	}
}

// furnish gives a new state its default site and sources, and every state a row
// for each license type.
func (a *Agent) furnish(tx *database.Tx) error {
	_, err := defaultSite(tx)
	if isNoRows(err) {
		site := Site{ID: a.newID(), Name: a.cfg.SiteName, Default: true, CreatedAt: a.now()}
		if err := insertSite(tx, site); err != nil {
			return err
		}
		for _, s := range []Source{
			{Name: DefaultAPISource, Kind: SourceAPI, SiteID: site.ID, CreatedAt: a.now()},
			{Name: DefaultCSVSource, Kind: SourceCSV, SiteID: site.ID, CreatedAt: a.now()},
		} {
			if err := insertSource(tx, s, nil); err != nil {
				return err
			}
		}
	} else if err != nil {
		return err
	}
	return a.ensureRows(tx)
}

// Close closes the state. Run must have returned.
func (a *Agent) Close() error {
	var err error
	if a.closeSystemLog != nil {
		err = a.closeSystemLog()
	}
	return errors.Join(err, a.state.close())
}

// Ping reports whether the state can be written.
func (a *Agent) Ping(ctx context.Context) error { return a.db.Ping(ctx) }

// now is the machine's clock, as precisely as the database keeps it.
func (a *Agent) now() time.Time { return stored(a.cfg.Now()) }

// newID makes an id for something new.
func (a *Agent) newID() string {
	id, err := uuid.NewV7()
	if err != nil {
		panic(err) // only without a source of randomness
	}
	return id.String()
}

// heldOf gives what a row holds.
func (a *Agent) heldOf(k RowKey) Held {
	a.held.RLock()
	defer a.held.RUnlock()
	return a.holds[k]
}

// About is what an agent is and whom it belongs to.
type About struct {
	Product      string
	Version      string
	Publisher    string // publisher id
	Server       string
	Installation string // the thumbprint of its key: what the publisher knows it by
	LicenseTypes []LicenseType
	Organization Organization // whom the agent belongs to
}

// About tells what the agent is.
func (a *Agent) About(ctx context.Context) (About, error) {
	thumbprint, err := a.client.Thumbprint(ctx)
	if err != nil {
		return About{}, err
	}
	organization, err := a.Organization(ctx)
	return About{
		Product: a.cfg.Product, Version: a.cfg.Version, Publisher: a.client.Publisher(), Server: a.cfg.Server,
		Installation: thumbprint, LicenseTypes: a.cfg.LicenseTypes,
		Organization: organization,
	}, err
}
