package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// KnownInstallation is an installation as people see it.
type KnownInstallation struct {
	ID               string     `json:"id" doc:"The RFC 7638 thumbprint of its public key."`
	OrganizationID   string     `json:"organization_id"`
	OrganizationName string     `json:"organization_name"`
	Name             string     `json:"name" doc:"Given by people; at first the host name."`
	HostName         string     `json:"host_name"`
	OperatingSystem  string     `json:"operating_system"`
	SoftwareVersion  string     `json:"software_version"`
	Notes            string     `json:"notes"`
	Imported         bool       `json:"imported" doc:"Whether it stands for one that another system licensed."`
	State            string     `json:"state" doc:"active, or deactivated when all its rows are."`
	LiveRows         int64      `json:"live_rows"`
	Used             int64      `json:"used" doc:"By those, of all license types."`
	LastSeenAt       *time.Time `json:"last_seen_at,omitempty"`
	Version          int64      `json:"version" doc:"Grows by one with each change that people make."`
	CreatedAt        time.Time  `json:"created_at"`
}

// InstallationWithRows is an installation with those of its rows that the caller
// may see.
type InstallationWithRows struct {
	KnownInstallation
	Activations []Activation `json:"activations" nullable:"false" doc:"The newest first; at most 200."`
}

// InstallationChange changes what people say of an installation.
type InstallationChange struct {
	Name  *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Notes *string `json:"notes,omitempty" maxLength:"2000" doc:"Perhaps on several lines."`
}

// InstallationFilter chooses installations; empty members choose all.
type InstallationFilter struct {
	OrganizationID string
	ProductID      string
	State          string // active or deactivated
	Search         string // part of the name, of the host name or of a site's name
}

// Installations lists installations.
func (c *Client) Installations(ctx context.Context, f InstallationFilter, l Listing) (Page[KnownInstallation], error) {
	return get[Page[KnownInstallation]](ctx, c, "/installations", l.query("organization_id", f.OrganizationID,
		"product_id", f.ProductID, "state", f.State, "search", f.Search))
}

// Installation gives an installation with its rows.
func (c *Client) Installation(ctx context.Context, id string) (InstallationWithRows, error) {
	return get[InstallationWithRows](ctx, c, "/installations/"+url.PathEscape(id), nil)
}

// ChangeInstallation renames an installation or changes its notes.
func (c *Client) ChangeInstallation(ctx context.Context, id string, change InstallationChange) (KnownInstallation, error) {
	return send[KnownInstallation](ctx, c, http.MethodPatch, "/installations/"+url.PathEscape(id), change)
}

// InstallationEvents gives the history of an installation.
func (c *Client) InstallationEvents(ctx context.Context, id string, l Listing) (Page[Event], error) {
	return get[Page[Event]](ctx, c, "/installations/"+url.PathEscape(id)+"/events", l.query())
}

// ifTrue gives the value of a switch in a query.
func ifTrue(on bool) string {
	if on {
		return "true"
	}
	return ""
}
