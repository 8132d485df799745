// Package httpapi is the server's management API, /api/v1: one file a
// capability.
//
// It holds no rules. A handler turns what came into what a capability's service
// takes, and what the service gives into the types of package api. Who may do
// what is asked by the services; here a bearer token becomes an actor.
//
// The OpenAPI document is kept in testdata/openapi.json, so that every change of
// the API is seen in review.
package httpapi
