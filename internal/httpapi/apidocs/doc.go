// Package apidocs makes the pages that document the management API: static HTML
// from the OpenAPI document and the table of problems, without a script and
// without a request to another host.
package apidocs
