package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/licensefile"
)

func (h *handlers) registerUsage() {
	h.usage("get-subscription-usage", "/subscriptions", "Subscriptions", identity.ScopeSubscriptions,
		"What a subscription has used, day by day, and when its trend reaches the limit",
		func(id string) licensing.UsageFilter { return licensing.UsageFilter{SubscriptionID: id} })
	h.usage("get-key-usage", "/keys", "Keys", identity.ScopeKeys, "What the rows of a key have used, day by day",
		func(id string) licensing.UsageFilter { return licensing.UsageFilter{KeyID: id} })
	h.usage("get-activation-usage", "/activations", "Activations", identity.ScopeInstallations, "What a row has used, day by day",
		func(id string) licensing.UsageFilter { return licensing.UsageFilter{ActivationID: id} })
}

type usageSpan struct {
	ByID
	From   string `query:"from" maxLength:"10" doc:"First day, YYYY-MM-DD; left out is the usual span."`
	To     string `query:"to" maxLength:"10" doc:"Last day; left out is today."`
	Format string `query:"format" enum:"json,csv" doc:"json, or the days as csv; left out follows Accept."`
	Accept string `header:"Accept" hidden:"true"`
}

// usage registers the history of one kind of thing.
func (h *handlers) usage(id, path, tag, area, summary string, of func(id string) licensing.UsageFilter) {
	op := operation(id, http.MethodGet, path+"/{id}/usage", tag, summary, identity.Read(area))
	op.Responses = jsonOrCSV(h.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[api.UsageHistory](), true, ""), "The history, or its days as CSV.")
	huma.Register(h.api, op, func(ctx context.Context, in *usageSpan) (*huma.StreamResponse, error) {
		f := of(in.ID)
		f.From, f.To = licensefile.Date(in.From), licensefile.Date(in.To)
		found, err := h.Licensing.Usage(ctx, actorFrom(ctx), f)
		if err != nil {
			return nil, err
		}
		history := wireUsage(found)
		if (Paging{Format: in.Format, Accept: in.Accept}).wantsCSV() {
			return streamCSV(strings.TrimPrefix(id, "get-")+".csv", api.Page[api.DayUsage]{Items: history.Days}, nil), nil
		}
		return streamJSON(history), nil
	})
}

func wireUsage(h licensing.UsageHistory) api.UsageHistory {
	wire := api.UsageHistory{Metric: h.Metric, Maximum: h.Maximum, ReachesOn: string(h.Reaches), Days: make([]api.DayUsage, len(h.Days))}
	for i, d := range h.Days {
		wire.Days[i] = api.DayUsage{Day: string(d.Day), Used: d.Used, Peak: d.Peak}
	}
	return wire
}
