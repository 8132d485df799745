package api

import (
	"context"
	"net/url"
)

// UsageHistory is what a subscription, a key or a row has used, day by day.
type UsageHistory struct {
	Metric    string     `json:"metric" doc:"What is counted, such as devices."`
	Maximum   *int64     `json:"maximum" doc:"As of now; null is unlimited."`
	ReachesOn string     `json:"reaches_on,omitempty" doc:"The day on which the trend of these days reaches the maximum; absent when it leads elsewhere."`
	Days      []DayUsage `json:"days" nullable:"false"`
}

// DayUsage is a calendar day in the publisher's zone.
type DayUsage struct {
	Day  string `json:"day"`
	Used int64  `json:"used" doc:"At the end of the day, as last reported: the sum of all rows."`
	Peak int64  `json:"peak" doc:"The sum of each row's highest on the day; they need not have been at once."`
}

// UsageOf says whose usage is asked for.
type UsageOf string

// Whose usage can be asked for.
const (
	UsageOfSubscription UsageOf = "subscriptions"
	UsageOfKey          UsageOf = "keys"
	UsageOfActivation   UsageOf = "activations"
)

// Usage gives what a subscription, a key or a row has used on the days from … to,
// YYYY-MM-DD; empty ones are the server's usual span up to today.
func (c *Client) Usage(ctx context.Context, of UsageOf, id, from, to string) (UsageHistory, error) {
	return get[UsageHistory](ctx, c, "/"+string(of)+"/"+url.PathEscape(id)+"/usage", Listing{}.query("from", from, "to", to))
}
