// Package agentapi is the agent's management API: its wire types, its handlers
// and the Go client that the commands use. The pages and programs that manage
// devices use the same.
//
// Every operation needs the bearer token that the agent keeps in the address
// file of its state folder (Address), readable for its own user alone. Open are
// only /healthz and the webhooks of sources, whose calls are signed. Every
// request must name a host that the agent serves, so that a page in a browser
// cannot reach it through a name of its own (DNS rebinding). Bodies end at 1 MiB.
//
// Handlers only translate. The rules are those of package agent. Errors are
// problems (RFC 9457) whose code never changes its meaning.
package agentapi
