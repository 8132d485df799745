package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// FileInspection says what a file is and what taking it would do.
type FileInspection struct {
	File       string        `json:"file" doc:"request, license or receipt; empty when it is none of these."`
	Request    *RequestFacts `json:"request,omitempty" doc:"What the request says; absent when the file holds none for this publisher."`
	Effect     string        `json:"effect,omitempty" doc:"preview, activate, move, refresh, report, deactivate, repeat (taken before) or tell (the row has ended); absent when it would be refused."`
	Problem    *Refusal      `json:"problem,omitempty" doc:"Why it would be refused."`
	Next       string        `json:"next,omitempty" doc:"What to do about that: ask_offline, register, deactivate, use_key, renew, newest_file, other_file or contact."`
	Preview    *KeyPreview   `json:"preview,omitempty" doc:"What the file's key grants."`
	Activation *Activation   `json:"activation,omitempty" doc:"The row that the request is about, for those who look after its key."`
}

// RequestFacts is what a request file says.
type RequestFacts struct {
	Kind            string    `json:"kind" doc:"preview, activate, refresh, report, check_in or deactivate."`
	Method          string    `json:"method" doc:"online or offline."`
	MadeAt          time.Time `json:"made_at" doc:"By the installation's own clock."`
	Key             string    `json:"key,omitempty" doc:"Masked."`
	LicenseType     string    `json:"license_type" doc:"Code."`
	Site            Site      `json:"site"`
	Product         string    `json:"product" doc:"Code."`
	Version         string    `json:"version"`
	HostName        string    `json:"host_name"`
	OperatingSystem string    `json:"operating_system"`
}

// KeyPreview is what a key grants. What strangers may not know is absent: key,
// organization, used, remaining, site and host name.
type KeyPreview struct {
	Product         string   `json:"product"`
	Plan            string   `json:"plan"`
	LicenseType     string   `json:"license_type" doc:"Code."`
	LicenseTypeName string   `json:"license_type_name"`
	Metric          string   `json:"metric"`
	Model           string   `json:"model"`
	IssuedOn        string   `json:"issued_on" format:"date"`
	EndsOn          string   `json:"ends_on,omitempty" format:"date"`
	Maximum         *int64   `json:"maximum" doc:"Null is unlimited."`
	InUse           bool     `json:"in_use"`
	Key             string   `json:"key,omitempty" doc:"Masked."`
	Organization    string   `json:"organization,omitempty"`
	Used            *int64   `json:"used,omitempty"`
	Remaining       *int64   `json:"remaining,omitempty"`
	Site            string   `json:"site,omitempty"`
	HostName        string   `json:"host_name,omitempty"`
	Problem         *Refusal `json:"problem,omitempty" doc:"What stands in the way of activating."`
}

// ExchangeFile answers the request file of an installation without a network.
func (c *Client) ExchangeFile(ctx context.Context, request []byte) (File, error) {
	return c.file(ctx, "/exchange-files", request)
}

// RegisterFile registers the key in a request file to an organization, and
// answers the file.
func (c *Client) RegisterFile(ctx context.Context, request []byte, organizationID string) (File, error) {
	return c.file(ctx, "/exchange-files?register_to="+url.QueryEscape(organizationID), request)
}

// InspectFile says what a file is and what taking it would do.
func (c *Client) InspectFile(ctx context.Context, file []byte) (FileInspection, error) {
	return decode[FileInspection](c.do(ctx, http.MethodPost, "/exchange-files?inspect=true", binaryType, file))
}
