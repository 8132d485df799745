package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client calls the management API with one token. It may be used by many
// goroutines.
type Client struct {
	// HTTP makes the calls; New gives one with a timeout.
	HTTP *http.Client

	base  string
	token string
}

const (
	timeout    = 60 * time.Second
	maxAnswer  = 16 << 20
	basePath   = "/api/v1"
	jsonType   = "application/json"
	binaryType = "application/octet-stream"
)

// New gives a client of the server at a URL such as https://licet.example.com.
// Without a token it speaks for nobody, or for whose session the cookies of HTTP
// name.
func New(baseURL, token string) *Client {
	return &Client{HTTP: &http.Client{Timeout: timeout}, base: strings.TrimRight(baseURL, "/") + basePath, token: token}
}

// Publisher tells who runs the server.
func (c *Client) Publisher(ctx context.Context) (Publisher, error) {
	return get[Publisher](ctx, c, "/publisher", nil)
}

// Settings gives what the publisher has set for people.
func (c *Client) Settings(ctx context.Context) (Settings, error) {
	return get[Settings](ctx, c, "/settings", nil)
}

// ChangeSettings replaces the settings.
func (c *Client) ChangeSettings(ctx context.Context, s Settings) (Settings, error) {
	return send[Settings](ctx, c, http.MethodPut, "/settings", SettingsChange(s))
}

// CreateProduct creates a product.
func (c *Client) CreateProduct(ctx context.Context, n NewProduct) (Product, error) {
	return send[Product](ctx, c, http.MethodPost, "/products", n)
}

// Product gives a product.
func (c *Client) Product(ctx context.Context, id string) (Product, error) {
	return get[Product](ctx, c, "/products/"+url.PathEscape(id), nil)
}

// Products lists products.
func (c *Client) Products(ctx context.Context, l Listing) (Page[Product], error) {
	return get[Page[Product]](ctx, c, "/products", l.query())
}

// CreatePlan creates a plan.
func (c *Client) CreatePlan(ctx context.Context, n NewPlan) (Plan, error) {
	return send[Plan](ctx, c, http.MethodPost, "/plans", n)
}

// Plan gives a plan.
func (c *Client) Plan(ctx context.Context, id string) (Plan, error) {
	return get[Plan](ctx, c, "/plans/"+url.PathEscape(id), nil)
}

// Plans lists plans, of one product when given.
func (c *Client) Plans(ctx context.Context, productID string, l Listing) (Page[Plan], error) {
	return get[Page[Plan]](ctx, c, "/plans", l.query("product_id", productID))
}

// CreateOrganization creates an organization.
func (c *Client) CreateOrganization(ctx context.Context, n NewOrganization) (Organization, error) {
	return send[Organization](ctx, c, http.MethodPost, "/organizations", n)
}

// Organization gives an organization.
func (c *Client) Organization(ctx context.Context, id string) (Organization, error) {
	return get[Organization](ctx, c, "/organizations/"+url.PathEscape(id), nil)
}

// Organizations lists organizations.
func (c *Client) Organizations(ctx context.Context, f OrganizationFilter, l Listing) (Page[Organization], error) {
	return get[Page[Organization]](ctx, c, "/organizations", l.query("kind", f.Kind, "search", f.Search))
}

// Activations lists activations.
func (c *Client) Activations(ctx context.Context, f ActivationFilter, l Listing) (Page[Activation], error) {
	return get[Page[Activation]](ctx, c, "/activations", l.query(
		"organization_id", f.OrganizationID, "subscription_id", f.SubscriptionID, "key_id", f.KeyID,
		"installation_id", f.InstallationID, "product_id", f.ProductID, "license_type", f.LicenseType, "method", f.Method,
		"state", f.State, "status", f.Status, "search", f.Search, "stale", ifTrue(f.Stale)))
}

// Activation gives an activation.
func (c *Client) Activation(ctx context.Context, id string) (Activation, error) {
	return get[Activation](ctx, c, "/activations/"+url.PathEscape(id), nil)
}

// Release ends a row, with a reason.
func (c *Client) Release(ctx context.Context, activationID, reason string) (Activation, error) {
	return send[Activation](ctx, c, http.MethodPost, "/activations/"+url.PathEscape(activationID)+"/release", Release{reason})
}

// IssueLicense makes a license file for a row that did not ask.
func (c *Client) IssueLicense(ctx context.Context, activationID string) (File, error) {
	return c.file(ctx, "/activations/"+url.PathEscape(activationID)+"/license", nil)
}

// query gives the query of a listing with further names and values; empty
// values are left out.
func (l Listing) query(pairs ...string) url.Values {
	q := url.Values{}
	if l.Cursor != "" {
		q.Set("cursor", l.Cursor)
	}
	if l.Limit != 0 {
		q.Set("limit", strconv.Itoa(l.Limit))
	}
	if l.Sort != "" {
		q.Set("sort", l.Sort)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}

func get[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return decode[T](c.do(ctx, http.MethodGet, path, "", nil))
}

func send[T any](ctx context.Context, c *Client, method, path string, body any) (T, error) {
	if body == nil {
		return decode[T](c.do(ctx, method, path, "", nil))
	}
	data, err := json.Marshal(body)
	if err != nil {
		var none T
		return none, err
	}
	return decode[T](c.do(ctx, method, path, jsonType, data))
}

func decode[T any](data []byte, _ http.Header, err error) (T, error) {
	var v T
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return v, fmt.Errorf("the server's answer cannot be read: %w", err)
	}
	return v, nil
}

func (c *Client) file(ctx context.Context, path string, body []byte) (File, error) {
	data, header, err := c.do(ctx, http.MethodPost, path, binaryType, body)
	if err != nil {
		return File{}, err
	}
	_, params, err := mime.ParseMediaType(header.Get("Content-Disposition"))
	if err != nil {
		return File{}, fmt.Errorf("the server's answer has no file name: %w", err)
	}
	return File{Name: params["filename"], Data: data}, nil
}

// do makes a call and gives the body of a success, or the problem.
func (c *Client) do(ctx context.Context, method, path, contentType string, body []byte) ([]byte, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if key, ok := ctx.Value(idempotencyKey{}).(string); ok {
		req.Header.Set("Idempotency-Key", key)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("call the server: %w", err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, nil, fmt.Errorf("read the server's answer: %w", err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		return nil, nil, problemOf(res, data)
	}
	return data, res.Header, nil
}

func problemOf(res *http.Response, data []byte) error {
	var p Problem
	if err := json.Unmarshal(data, &p); err != nil || p.Code == "" {
		return fmt.Errorf("the server answered %s without a problem that can be read", res.Status)
	}
	p.Status = res.StatusCode
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
		p.RetryAfter = time.Duration(seconds) * time.Second
	}
	return &p
}
