// Package httpserver is what the server and the agent share of HTTP.
//
// A Server owns a listener, a mux and their life: Listen binds, Run serves until
// its context is done and then drains. While it drains /readyz answers 503 (so a
// load balancer looks elsewhere), then the listener closes, then requests in
// flight finish within a limit, and only then Run returns.
//
// What every request gets: an id, the client's address, a line in the access log
// and a count in the metrics, and a problem (RFC 9457) instead of a panic, an
// unknown route or an unknown method. Handlers answer errors with Problem alone.
//
// Secrets stay out of the log: it names the route (the pattern, not the path),
// never a query, a header or a body; and NewLogger masks whatever looks like a
// token, a signed message or a license key in any text that reaches it.
//
// Forwarded headers count only behind a declared proxy, and then only the last
// address, which that proxy wrote. Plain HTTP is refused off loopback unless a
// proxy is declared.
//
// The exchange is the hot path: what every request pays is one small allocation,
// one copy of the request and two map look-ups.
package httpserver
