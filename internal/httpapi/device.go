package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
)

// devicePage is where people enter the code that an agent shows.
const devicePage = "/device"

func (h *handlers) registerDevices() {
	const tag, path = "Sign-in by code", "/device-authorizations"
	huma.Register(h.api, created(anonymous("ask-device", http.MethodPost, path, tag,
		"Ask to sign in by code, as an agent (RFC 8628)")), h.askDevice)
	huma.Register(h.api, anonymous("get-device-token", http.MethodPost, path+"/token", tag,
		"Ask how a sign-in by code went, and get its token once"), h.deviceToken)
	huma.Register(h.api, own("inspect-device", http.MethodPost, path+"/inspect", tag,
		"See what asks under a code, and which organization is recommended"), h.inspectDevice)
	once(h, own("approve-device", http.MethodPost, path+"/approve", tag,
		"Approve a sign-in by code for an organization"), h.approveDevice, h.readApproval)
	deny := own("deny-device", http.MethodPost, path+"/deny", tag, "Deny a sign-in by code")
	deny.DefaultStatus = http.StatusNoContent
	huma.Register(h.api, deny, h.denyDevice)
}

// askDevice takes so many requests of an address a minute, since each is stored.
func (h *handlers) askDevice(ctx context.Context, in *body[api.DeviceRequest]) (*body[api.DeviceAuthorization], error) {
	address := addressFrom(ctx)
	if err := h.Asked.Allow(address); err != nil {
		p := problem.New(problem.Busy)
		p.RetryAfter = problem.From(err).RetryAfter
		return nil, p
	}
	h.Asked.Fail(address)
	b := in.Body
	d, code, err := h.Identity.AskDevice(ctx, identity.DeviceRequest{
		Installation: b.Installation, HostName: b.HostName, Product: b.Product, Version: b.Version, UpgradeFrom: b.UpgradeFrom,
		LicenseType: b.LicenseType, Site: b.Site, Key: b.Key, Address: address.String(),
	})
	if err != nil {
		return nil, err
	}
	page := strings.TrimRight(h.PublicURL, "/") + devicePage
	shown := identity.ShownUserCode(d.UserCode)
	return &body[api.DeviceAuthorization]{Body: api.DeviceAuthorization{
		DeviceCode: code, UserCode: shown, VerificationURI: page, VerificationURIComplete: page + "?code=" + url.QueryEscape(shown),
		ExpiresIn: int64(d.ExpiresAt.Sub(d.CreatedAt) / time.Second), Interval: int64(d.Interval / time.Second),
	}}, nil
}

func (h *handlers) deviceToken(ctx context.Context, in *body[api.DeviceCode]) (*body[api.DeviceToken], error) {
	return answer(func(g identity.DeviceGrant) api.DeviceToken { return api.DeviceToken(g) })(h.Identity.DeviceToken(ctx, in.Body.DeviceCode))
}

func (h *handlers) inspectDevice(ctx context.Context, in *body[api.UserCode]) (*body[api.DeviceInspection], error) {
	actor := actorFrom(ctx)
	var found identity.DeviceAuthorization
	err := h.guessing(addressFrom(ctx), func() (err error) {
		found, err = h.Identity.InspectDevice(ctx, actor, in.Body.UserCode)
		return err
	})
	if err != nil {
		return nil, err
	}
	recommended, err := h.Licensing.Recommend(ctx, actor, found.Request)
	if err != nil {
		return nil, err
	}
	return &body[api.DeviceInspection]{Body: wireInspection(found, recommended, actor)}, nil
}

// guessing holds back whoever enters codes that are not known. Unlike a license
// key, a code is short, so an address with too many failures gets no answer for a
// right one either.
func (h *handlers) guessing(address netip.Addr, enter func() error) error {
	if err := h.Guessed.Allow(address); err != nil {
		return err
	}
	err := enter()
	if problem.Is(err, problem.AuthorizationExpired) {
		h.Guessed.Fail(address)
	}
	return err
}

func (h *handlers) approveDevice(ctx context.Context, actor identity.Actor, in *Creation[api.DeviceApproval]) (*body[api.DeviceOutcome], error) {
	approval := identity.DeviceApproval{OrganizationID: in.Body.OrganizationID}
	if o := in.Body.Organization; o != nil {
		approval.Organization = &identity.NewOrganization{Name: o.Name, Address: o.Address, Phone: o.Phone, Country: o.Country}
	}
	var approved identity.Organization
	err := h.guessing(addressFrom(ctx), func() (err error) {
		approved, err = h.Identity.ApproveDevice(ctx, actor, in.Body.UserCode, approval)
		return err
	})
	return answer(wireOutcome)(approved, err)
}

func (h *handlers) readApproval(ctx context.Context, actor identity.Actor, id string) (*body[api.DeviceOutcome], error) {
	return answer(wireOutcome)(h.Identity.ApprovedDevice(ctx, actor, id))
}

func wireOutcome(o identity.Organization) api.DeviceOutcome {
	return api.DeviceOutcome{OrganizationID: o.ID, OrganizationName: o.Name}
}

func (h *handlers) denyDevice(ctx context.Context, in *body[api.UserCode]) (*struct{}, error) {
	return nil, h.guessing(addressFrom(ctx), func() error { return h.Identity.DenyDevice(ctx, actorFrom(ctx), in.Body.UserCode) })
}

func wireInspection(d identity.DeviceAuthorization, r licensing.Recommendation, actor identity.Actor) api.DeviceInspection {
	w := api.DeviceInspection{
		UserCode: identity.ShownUserCode(d.UserCode), HostName: d.Request.HostName, Product: d.Request.Product,
		Version: d.Request.Version, UpgradeFrom: d.Request.UpgradeFrom, LicenseType: d.Request.LicenseType, Site: d.Request.Site,
		Address: d.Request.Address, AskedAt: d.CreatedAt, ExpiresAt: d.ExpiresAt, Key: r.Key, KeyProblem: string(r.KeyProblem),
		RegisteredElsewhere: r.Elsewhere, Purchaser: string(r.Purchaser), Organizations: []api.DeviceOrganization{},
		MayFound: r.MayFound(), KeptForLater: true,
	}
	for _, m := range actor.Memberships {
		o := api.DeviceOrganization{
			ID: m.OrganizationID, Name: m.OrganizationName, MayApprove: m.Role == identity.AccountAdministrator,
			Recommended: r.Recommends(m.OrganizationID),
		}
		if o.MayApprove {
			w.Organizations = append(w.Organizations, o)
		}
		if o.ID == r.HolderID {
			w.Holder = &o
		}
	}
	return w
}
