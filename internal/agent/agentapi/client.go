package agentapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/licethq/licet/internal/httpserver"
	"github.com/licethq/licet/internal/problem"
)

// Client calls a running agent. It may be used by many goroutines.
type Client struct {
	http  *http.Client
	base  string
	token string
}

const (
	// clientTimeout leaves the agent time to reach the publisher.
	clientTimeout = 2 * time.Minute
	maxAnswer     = 64 << 20
)

// NewClient gives a client of the agent at an address.
func NewClient(a Address) (*Client, error) {
	c := &Client{http: &http.Client{Timeout: clientTimeout}, base: strings.TrimRight(a.URL, "/") + basePath, token: a.Token}
	if a.Certificate == "" {
		return c, nil
	}
	transport, err := trusting(a.Certificate)
	c.http.Transport = transport
	return c, err
}

// trusting gives a transport that trusts exactly the certificate in a file: the
// agent is called by its address, which the certificate need not name.
func trusting(file string) (*http.Transport, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, problem.Newf(problem.ConfigurationInvalid, "The agent's TLS certificate cannot be read.").Because(err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, problem.Newf(problem.ConfigurationInvalid, "The agent's TLS certificate is not PEM.")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, problem.Newf(problem.ConfigurationInvalid, "The agent's TLS certificate is damaged.").Because(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	name := leaf.Subject.CommonName
	switch {
	case len(leaf.DNSNames) > 0:
		name = leaf.DNSNames[0]
	case len(leaf.IPAddresses) > 0:
		name = leaf.IPAddresses[0].String()
	}
	return &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: name}}, nil
}

// About tells what the agent is.
func (c *Client) About(ctx context.Context) (About, error) {
	return call[About](ctx, c, http.MethodGet, "/agent", nil)
}

// Rows lists the rows.
func (c *Client) Rows(ctx context.Context) ([]Row, error) {
	r, err := call[Rows](ctx, c, http.MethodGet, "/rows", nil)
	return r.Rows, err
}

// Row gives a row. An empty site is the default one, here and below.
func (c *Client) Row(ctx context.Context, site, licenseType string) (Row, error) {
	return call[Row](ctx, c, http.MethodGet, rowURL(site, licenseType, ""), nil)
}

// Preview asks the publisher what activating a key would grant.
func (c *Client) Preview(ctx context.Context, site, licenseType, key string) (Preview, error) {
	return call[Preview](ctx, c, http.MethodPost, rowURL(site, licenseType, "/preview"), Key{key})
}

// Activate activates a row with a license key, online.
func (c *Client) Activate(ctx context.Context, site, licenseType, key string) (Row, error) {
	return call[Row](ctx, c, http.MethodPost, rowURL(site, licenseType, "/activate"), Key{key})
}

// Refresh fetches the current license of a row, online.
func (c *Client) Refresh(ctx context.Context, site, licenseType string) (Row, error) {
	return call[Row](ctx, c, http.MethodPost, rowURL(site, licenseType, "/refresh"), nil)
}

// Deactivate releases the key of a row, online.
func (c *Client) Deactivate(ctx context.Context, site, licenseType string) (Row, error) {
	return call[Row](ctx, c, http.MethodPost, rowURL(site, licenseType, "/deactivate"), nil)
}

// RequestFile makes the request file of a row, or gives the one that waits.
func (c *Client) RequestFile(ctx context.Context, site, licenseType string, r FileRequest) (File, error) {
	return call[File](ctx, c, http.MethodPost, rowURL(site, licenseType, "/request-file"), r)
}

// PendingFile gives the request file that waits.
func (c *Client) PendingFile(ctx context.Context, site, licenseType string) (File, error) {
	return call[File](ctx, c, http.MethodGet, rowURL(site, licenseType, "/request-file"), nil)
}

// DiscardFile discards the request that waits.
func (c *Client) DiscardFile(ctx context.Context, site, licenseType string) error {
	_, err := call[struct{}](ctx, c, http.MethodDelete, rowURL(site, licenseType, "/request-file"), nil)
	return err
}

// InspectFile says what loading a file would do.
func (c *Client) InspectFile(ctx context.Context, data []byte) (Answer, error) {
	return call[Answer](ctx, c, http.MethodPost, "/files/inspect", FileData{string(data)})
}

// LoadFile loads a file from the publisher.
func (c *Client) LoadFile(ctx context.Context, data []byte) (Answer, error) {
	return call[Answer](ctx, c, http.MethodPost, "/files/load", FileData{string(data)})
}

// DeviceQuery says which devices to list. Empty members do not filter.
type DeviceQuery struct {
	Site, Platform, Source, Search, Identifier string

	Gone       bool // also devices that no source manages any more
	UnseenDays int  // managed devices last seen longer ago than that; 0 does not filter
	Cursor     string
	Limit      int
}

// Devices lists devices, a page at a time.
func (c *Client) Devices(ctx context.Context, q DeviceQuery) (Devices, error) {
	values := url.Values{}
	for name, value := range map[string]string{
		"site": q.Site, "platform": q.Platform, "source": q.Source, "search": q.Search, "identifier": q.Identifier, "cursor": q.Cursor,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if q.Gone {
		values.Set("gone", "true")
	}
	if q.UnseenDays != 0 {
		values.Set("unseen_days", strconv.Itoa(q.UnseenDays))
	}
	if q.Limit > 0 {
		values.Set("limit", strconv.Itoa(q.Limit))
	}
	return call[Devices](ctx, c, http.MethodGet, "/devices?"+values.Encode(), nil)
}

// AllDevices lists devices, all pages.
func (c *Client) AllDevices(ctx context.Context, q DeviceQuery) ([]Device, error) {
	var all []Device
	for {
		page, err := c.Devices(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Devices...)
		if q.Cursor = page.Next; page.Next == "" {
			return all, nil
		}
	}
}

// Enroll takes a device under management.
func (c *Client) Enroll(ctx context.Context, d NewDevice) (Enrolled, error) {
	return call[Enrolled](ctx, c, http.MethodPost, "/devices", d)
}

// Unenroll takes a device out of management; an empty source is every source.
func (c *Client) Unenroll(ctx context.Context, id, source string) (Device, error) {
	path := "/devices/" + url.PathEscape(id)
	if source != "" {
		path += "?source=" + url.QueryEscape(source)
	}
	return call[Device](ctx, c, http.MethodDelete, path, nil)
}

// Free takes devices that nobody has told of for long out of management, or shows
// which those are.
func (c *Client) Free(ctx context.Context, f Freeing) (Freed, error) {
	return call[Freed](ctx, c, http.MethodPost, "/devices/free", f)
}

// Sync makes a list what a csv source knows, or shows what that would change.
func (c *Client) Sync(ctx context.Context, source string, list List) (Difference, error) {
	return call[Difference](ctx, c, http.MethodPost, "/sources/"+url.PathEscape(source)+"/sync", list)
}

// Sites lists the sites.
func (c *Client) Sites(ctx context.Context) ([]Site, error) {
	s, err := call[Sites](ctx, c, http.MethodGet, "/sites", nil)
	return s.Sites, err
}

// CreateSite adds a site.
func (c *Client) CreateSite(ctx context.Context, name string) (Site, error) {
	return call[Site](ctx, c, http.MethodPost, "/sites", SiteName{name})
}

// RenameSite renames a site.
func (c *Client) RenameSite(ctx context.Context, site, name string) (Site, error) {
	return call[Site](ctx, c, http.MethodPut, "/sites/"+pathSite(site), SiteName{name})
}

// Sources lists the sources.
func (c *Client) Sources(ctx context.Context) ([]Source, error) {
	s, err := call[Sources](ctx, c, http.MethodGet, "/sources", nil)
	return s.Sources, err
}

// CreateSource adds a source.
func (c *Client) CreateSource(ctx context.Context, s NewSource) (CreatedSource, error) {
	return call[CreatedSource](ctx, c, http.MethodPost, "/sources", s)
}

// Status gives the Problem Monitor.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return call[Status](ctx, c, http.MethodGet, "/status", nil)
}

// May asks whether an operation is allowed.
func (c *Client) May(ctx context.Context, q Question) (Decision, error) {
	return call[Decision](ctx, c, http.MethodPost, "/may", q)
}

func rowURL(site, licenseType, verb string) string {
	return "/rows/" + pathSite(site) + "/" + url.PathEscape(licenseType) + verb
}

func pathSite(site string) string {
	if site == "" {
		return defaultSite
	}
	return url.PathEscape(site)
}

// call makes a call and gives the answer, or the problem as a *problem.Problem.
func call[T any](ctx context.Context, c *Client, method, path string, in any) (T, error) {
	var out T
	var sent io.Reader = http.NoBody
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return out, err
		}
		sent = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, sent)
	if err != nil {
		return out, err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	res, err := c.http.Do(req)
	if err != nil {
		return out, problem.Newf(problem.AgentUnreachable, "The agent does not answer at %s. Is it running? Start it with: licet agent run", c.base).Because(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return out, fmt.Errorf("read the agent's answer: %w", err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		return out, problemOf(res, data)
	}
	if len(data) > 0 {
		err = json.Unmarshal(data, &out)
	}
	return out, err
}

// problemOf turns the answer back into the problem that it was.
func problemOf(res *http.Response, data []byte) error {
	var wire httpserver.ProblemBody
	if err := json.Unmarshal(data, &wire); err != nil || wire.Code == "" {
		return fmt.Errorf("the agent answered %s without a problem that can be read", res.Status)
	}
	p := problem.Newf(problem.Code(wire.Code), "%s", wire.Detail)
	p.Fields = wire.Errors
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
		p.RetryAfter = time.Duration(seconds) * time.Second
	}
	return p
}
