package httpapi

import (
	"context"
	"net/http"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
)

// maxImportBody is the largest body of an import: its files, which the service
// holds to their own limit, as JSON.
const maxImportBody = 12 << 20

func (h *handlers) registerImports() {
	op := created(operation("import", http.MethodPost, "/imports", "Imports",
		"Take over customers, people, subscriptions, keys and activations from CSV, or tell what would be made", identity.Write(identity.ScopeSystem)))
	op.MaxBodyBytes = maxImportBody
	once(h, op, h.importFiles, h.readImport)
}

func (h *handlers) importFiles(ctx context.Context, actor identity.Actor, in *Creation[api.NewImport]) (*body[api.Import], error) {
	n := in.Body
	return answer(wireImport)(h.Licensing.Import(ctx, actor, licensing.ImportFiles{
		Organizations: n.Organizations, People: n.People, Subscriptions: n.Subscriptions, Keys: n.Keys, Activations: n.Activations,
		Invite: n.Invite,
	}, n.DryRun))
}

func (h *handlers) readImport(ctx context.Context, actor identity.Actor, id string) (*body[api.Import], error) {
	return answer(wireImport)(h.Licensing.Imported(ctx, actor, id))
}

func wireImport(i licensing.Import) api.Import {
	count := func(file string) api.ImportCount { return api.ImportCount(i.Counts[file]) }
	wire := api.Import{
		ID: i.ID, DryRun: i.DryRun, Organizations: count("organizations"), People: count("people"), Subscriptions: count("subscriptions"),
		Keys: count("keys"), Activations: count("activations"), GeneratedKeys: i.GeneratedKeys, FaultCount: i.FaultCount,
		Faults: make([]api.ImportFault, len(i.Faults)),
	}
	for n, f := range i.Faults {
		wire.Faults[n] = api.ImportFault(f)
	}
	return wire
}
