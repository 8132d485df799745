package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// NewMerger says which organization takes in another.
type NewMerger struct {
	Into    string `json:"into" minLength:"1" maxLength:"64" doc:"The organization that everything goes to; it is of the same kind."`
	Preview bool   `json:"preview,omitempty" doc:"Only tells what would move."`
}

// Merger is what became of two organizations that are one.
type Merger struct {
	From          string `json:"from" doc:"The organization that is no more."`
	Into          string `json:"into" doc:"The one that has everything."`
	Preview       bool   `json:"preview" doc:"Nothing has moved yet."`
	Subscriptions int64  `json:"subscriptions"`
	Keys          int64  `json:"keys"`
	Installations int64  `json:"installations"`
	Activations   int64  `json:"activations" doc:"Live ones."`
	Orders        int64  `json:"orders"`
	Sites         int64  `json:"sites" doc:"Also those that both had."`
	Members       int64  `json:"members" doc:"New to the one that has everything."`
	MembersInBoth int64  `json:"members_in_both" doc:"They have the higher of their roles; a blocked membership counts for nothing beside one that is not."`
	Invitations   int64  `json:"invitations" doc:"Open ones."`
	Tokens        int64  `json:"tokens"`
}

// NewTransfer says where a subscription goes, and why.
type NewTransfer struct {
	OrganizationID string `json:"organization_id" minLength:"1" maxLength:"64"`
	Reason         string `json:"reason" enum:"acquisition,reorganization,correction,other"`
}

// Transfer is a subscription's way from one organization to another.
type Transfer struct {
	SubscriptionID string     `json:"subscription_id"`
	From           string     `json:"from" doc:"Organization."`
	To             string     `json:"to" doc:"Organization."`
	Reason         string     `json:"reason" doc:"acquisition, reorganization, correction or other."`
	Keys           int64      `json:"keys"`
	Installations  int64      `json:"installations" doc:"They moved along, with all of their history."`
	Activations    int64      `json:"activations" doc:"Live ones."`
	GrantsRemoved  int64      `json:"grants_removed" doc:"License administrators of the former organization no longer look after the keys."`
	OfflineUntil   *time.Time `json:"offline_until,omitempty" doc:"Until then, license files run that were loaded on servers without a network, under the former organization's name; absent when there are none."`
}

// MergeOrganization gives everything of an organization to another and removes
// it, or tells what would move.
func (c *Client) MergeOrganization(ctx context.Context, id string, n NewMerger) (Merger, error) {
	return send[Merger](ctx, c, http.MethodPost, "/organizations/"+url.PathEscape(id)+"/merge", n)
}

// TransferSubscription gives a subscription to another organization.
func (c *Client) TransferSubscription(ctx context.Context, id string, n NewTransfer) (Transfer, error) {
	return send[Transfer](ctx, c, http.MethodPost, "/subscriptions/"+url.PathEscape(id)+"/transfer", n)
}
