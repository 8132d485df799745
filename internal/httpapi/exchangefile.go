package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

func (h *handlers) registerExchangeFiles() {
	take := gives(operation("exchange-file", http.MethodPost, "/exchange-files", "Activations",
		"Answer the request file of an installation without a network, or say what it is", identity.Write(identity.ScopeInstallations)))
	take.Responses["200"].Description = "A signed file, extension .licet; or, with inspect, what the file is and what taking it would do."
	take.Responses["200"].Content["application/json"] = &huma.MediaType{
		Schema: h.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[api.FileInspection](), true, ""),
	}
	take.MaxBodyBytes = licensefile.MaxSize + 1
	huma.Register(h.api, take, h.exchangeFile)
}

type requestFile struct {
	Inspect    bool   `query:"inspect" doc:"Says what the file is and what taking it would do, and changes nothing."`
	RegisterTo string `query:"register_to" maxLength:"64" doc:"An organization to register the file's key to first; tokens need registration:write for it."`
	RawBody    []byte `contentType:"application/octet-stream" doc:"The request file as it was written."`
}

// guesses are the failures that count against an address.
var guesses = []problem.Code{problem.KeyUnknown, problem.KeyMistyped, problem.SignatureInvalid}

// exchangeFile takes or inspects a file. Its signature alone authorizes the
// effect, so whoever is signed in may carry it.
func (h *handlers) exchangeFile(ctx context.Context, in *requestFile) (*file, error) {
	actor := actorFrom(ctx)
	if in.Inspect {
		found, err := h.Licensing.InspectFile(ctx, actor, in.RawBody)
		if told := h.guessed(ctx, found.Refusal, guesses...); problem.Is(told, problem.TooManyFailures) {
			err = told
		}
		return inspected(found, err)
	}
	if in.RegisterTo != "" {
		if err := actor.RequireScope(identity.Write(identity.ScopeRegistration)); err != nil {
			return nil, err
		}
	}
	signed, err := h.Licensing.TakeFile(ctx, actor, in.RawBody, in.RegisterTo)
	return signedFile(signed, h.guessed(ctx, err, guesses...))
}

func inspected(found licensing.Inspection, err error) (*file, error) {
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(wireFileInspection(found))
	return &file{ContentType: "application/json", CacheControl: "no-store", Body: data}, err
}

func wireFileInspection(i licensing.Inspection) api.FileInspection {
	w := api.FileInspection{
		File: files[i.Form], Effect: string(i.Effect), Problem: wireRefusal(i.Refusal), Next: string(i.Next), Preview: wirePreview(i.Preview),
	}
	if r := i.Request; r != nil {
		w.Request = &api.RequestFacts{
			Kind: string(r.Kind), Method: string(r.Method), MadeAt: r.IssuedAt.Time(), Key: i.Masked(), LicenseType: r.Slot.LicenseType,
			Site: api.Site{ID: r.Slot.Site.ID, Name: r.Slot.Site.Name}, Product: r.About.Product, Version: r.About.Version,
			HostName: r.About.HostName, OperatingSystem: r.About.OperatingSystem,
		}
	}
	if i.Row != nil {
		row := wireActivation(*i.Row)
		w.Activation = &row
	}
	return w
}

// files names what files hold.
var files = map[licensefile.Armored]string{
	licensefile.ArmorRequest: "request", licensefile.ArmorLicense: "license", licensefile.ArmorReceipt: "receipt",
}

func wirePreview(p *licensefile.Preview) *api.KeyPreview {
	if p == nil {
		return nil
	}
	w := &api.KeyPreview{
		Product: p.Product, Plan: p.Plan, LicenseType: p.LicenseType, LicenseTypeName: p.TypeName, Metric: p.Metric, Model: p.Model,
		IssuedOn: string(p.IssueDate), EndsOn: string(p.EndDate), Maximum: p.Maximum, InUse: p.InUse, Key: p.Key,
		Organization: p.Organization, Used: p.Used, Remaining: p.Remaining, Site: p.Site, HostName: p.HostName,
	}
	if p.Problem != "" {
		w.Problem = &api.Refusal{Code: p.Problem, Message: p.Message}
	}
	return w
}
