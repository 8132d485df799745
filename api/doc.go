// Package api holds the management API of a Licet server as Go sees it: the
// types that travel, and a Client.
//
// A Client speaks for one API token:
//
//	c := api.New("https://licet.example.com", token)
//	issued, err := c.CreateSubscription(ctx, api.NewSubscription{PlanID: plan.ID, EndsOn: "2027-12-31"})
//
// An error of the server is a *Problem, whose Code never changes its meaning; any other
// error says that the server could not be reached or understood.
//
// Instants are RFC 3339, calendar days YYYY-MM-DD in the publisher's time zone,
// and an end date is inclusive. Answers may gain members; requests with members
// that the server does not know are refused.
package api
