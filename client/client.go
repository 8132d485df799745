package client

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/licethq/licet/licensefile"
)

// Config says whom a Client trusts, what it is, and where it remembers.
type Config struct {
	// Server is the publisher's public URL, such as https://licensing.example.com.
	// Empty, only files can be exchanged.
	Server string

	// Trust holds the publisher's root, from the file that the publisher exported.
	Trust *licensefile.Trust

	// Publisher is the publisher id; empty means the only one in Trust.
	Publisher string

	// Product is the product code, which every answer must name.
	Product string

	// About describes the program and the machine. Its Product is set to Product.
	About licensefile.About

	Store Store

	HTTP *http.Client     // nil means one that waits at most 30 seconds and follows no redirect
	Now  func() time.Time // the machine's clock; nil means time.Now
	Rand io.Reader        // for keys and nonces; nil means crypto/rand
}

// Client is one installation of a licensed program. See the package documentation.
type Client struct {
	config    Config
	publisher string
	http      *http.Client

	mu     sync.Mutex // guards what follows; held while storing, never while waiting for the network
	in     *Installation
	opened map[string]*licensefile.License // verified licenses, by revocation list and compact form

	exchanges gates // one exchange a slot at a time
}

// defaultTimeout bounds an exchange when the owner gives no HTTP client.
const defaultTimeout = 30 * time.Second

// Open readies a Client. It reads and writes nothing yet: the Store is loaded,
// and the key pair made, at first use.
func Open(config Config) (*Client, error) {
	if config.Trust == nil || len(config.Trust.Publishers()) == 0 {
		return nil, errors.New("client: no publisher is trusted; give the file that the publisher exported")
	}
	if config.Product == "" || config.Store == nil {
		return nil, errors.New("client: a product code and a store are needed")
	}
	publisher, err := choosePublisher(config)
	if err != nil {
		return nil, err
	}
	config.About.Product = config.Product
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Rand == nil {
		config.Rand = rand.Reader
	}
	c := &Client{config: config, publisher: publisher, http: config.HTTP, opened: map[string]*licensefile.License{}}
	if c.http == nil {
		c.http = &http.Client{Timeout: defaultTimeout, CheckRedirect: noRedirect}
	}
	return c, nil
}

// noRedirect: a request may hold a license key, so it goes to the configured
// server and nowhere else.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// choosePublisher gives the publisher named in the configuration, or the only
// trusted one.
func choosePublisher(config Config) (string, error) {
	trusted := config.Trust.Publishers()
	if config.Publisher == "" {
		if len(trusted) > 1 {
			return "", errors.New("client: several publishers are trusted; name the one to use")
		}
		return trusted[0], nil
	}
	for _, p := range trusted {
		if p == config.Publisher {
			return p, nil
		}
	}
	return "", fmt.Errorf("client: publisher %s is not among the trusted ones", config.Publisher)
}

// Publisher gives the publisher id that the Client deals with.
func (c *Client) Publisher() string { return c.publisher }

// Thumbprint gives the id of this installation, making its key pair if there is
// none yet.
func (c *Client) Thumbprint(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	in, err := c.load(ctx)
	if err != nil {
		return "", err
	}
	return in.thumbprint()
}

// Slots lists what is remembered of every slot, tombstones included.
func (c *Client) Slots(ctx context.Context) ([]Slot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	in, err := c.load(ctx)
	if err != nil {
		return nil, err
	}
	return in.clone().Slots, nil
}

// load gives the installation, from the Store the first time; a new key pair is
// stored before it is used. The caller holds mu and must not change the result.
func (c *Client) load(ctx context.Context) (*Installation, error) {
	if c.in != nil {
		return c.in, nil
	}
	in, err := c.config.Store.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("client: loading the installation: %w", err)
	}
	if in == nil {
		in = &Installation{Seed: make([]byte, ed25519.SeedSize)}
		if _, err := io.ReadFull(c.config.Rand, in.Seed); err != nil {
			return nil, fmt.Errorf("client: making a key pair: %w", err)
		}
		if err := c.config.Store.Save(ctx, in); err != nil {
			return nil, fmt.Errorf("client: storing the new key pair: %w", err)
		}
	}
	if _, err := in.privateKey(); err != nil {
		return nil, err
	}
	c.in = in.clone()
	return c.in, nil
}

// update changes the installation: change works on a copy, which is stored
// before it counts. When change or the Store fails, nothing has changed here.
func (c *Client) update(ctx context.Context, change func(*Installation) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	in, err := c.load(ctx)
	if err != nil {
		return err
	}
	next := in.clone()
	if err := change(next); err != nil {
		return err
	}
	if err := c.config.Store.Save(ctx, next); err != nil {
		return fmt.Errorf("client: storing the installation: %w", err)
	}
	c.in = next
	return nil
}

// gates lets one exchange of a slot go on at a time.
type gates struct {
	mu   sync.Mutex
	open map[string]chan struct{}
}

// enter waits until no other exchange of the slot is going on, and gives the
// function that lets the next one in.
func (g *gates) enter(ctx context.Context, ref licensefile.SlotRef) (leave func(), err error) {
	name := ref.Site.ID + " " + ref.LicenseType
	g.mu.Lock()
	if g.open == nil {
		g.open = map[string]chan struct{}{}
	}
	gate, ok := g.open[name]
	if !ok {
		gate = make(chan struct{}, 1)
		g.open[name] = gate
	}
	g.mu.Unlock()
	select {
	case gate <- struct{}{}:
		return func() { <-gate }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
