package licensing

import (
	"fmt"

	"github.com/licethq/licet/internal/issuer"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// Signed is a signed answer to a request.
type Signed struct {
	Form    licensefile.Armored // how it is armored as a file
	Compact string              // the JWS
	Serial  int64               // 0 for a receipt that takes none
	Slot    licensefile.SlotRef
	Kind    licensefile.Kind // of the request
}

// File gives the answer as a file and the name to save it under.
func (s Signed) File() (armored []byte, name string) {
	name = fmt.Sprintf("licet-%s-%s-%d.licet", s.Kind, s.Slot.LicenseType, s.Serial)
	return licensefile.Armor(s.Form, s.Compact), name
}

// answer signs what a ruling answers. It runs outside transactions, after the
// ruling has been stored.
func (r *ruling) answer(current *issuer.Current) (Signed, error) {
	signed := Signed{Form: licensefile.ArmorReceipt, Serial: r.toSlot.Answer.Serial, Slot: r.request.Request.Slot, Kind: r.request.Request.Kind}
	var err error
	switch kind := r.request.Request.Kind; {
	case r.outcome == forked:
		err = problem.New(problem.InstallationForked)
	case r.outcome == closed, kind == licensefile.KindDeactivate:
		signed.Compact, err = licensefile.SealReceipt(r.receipt(current, licensefile.StatusDeactivated), current.Signer)
	case kind == licensefile.KindReport:
		signed.Compact, err = licensefile.SealReceipt(r.receipt(current, licensefile.StatusTaken), current.Signer)
	default:
		signed.Form = licensefile.ArmorLicense
		signed.Compact, err = licensefile.SealLicense(r.license(current), current.Signer)
	}
	return signed, err
}

func (r *ruling) receipt(current *issuer.Current, status string) licensefile.Receipt {
	req := r.request.Request
	body := licensefile.ReceiptBody{Kind: req.Kind, Nonce: req.Nonce, Slot: req.Slot, Status: status}
	if r.outcome == closed && r.toActivation.EndReason != EndDeactivated {
		body.Reason = string(r.toActivation.EndReason)
	}
	answer := r.toSlot.Answer
	return licensefile.Receipt{
		Issuer: current.Publisher.ID, Subject: r.toSlot.ID, Audience: req.About.Product,
		IssuedAt: licensefile.At(answer.At), ID: answerID(r.toSlot.ID, answer.Serial, req.Nonce), Serial: answer.Serial,
		Confirm: licensefile.Confirmation{Thumbprint: r.request.Thumbprint}, Body: body,
		Revocation: newer(current, req.Revocations), ClockSkew: skew(answer, req),
	}
}

func (r *ruling) license(current *issuer.Current) licensefile.License {
	req, answer := r.request.Request, r.toSlot.Answer
	l := licenseOf(r.toSlot, r.toActivation, r.terms, r.pool, current)
	l.Revocation, l.ClockSkew = newer(current, req.Revocations), skew(answer, req)
	return l
}

// licenseOf gives the license of a row as of its slot's answer.
func licenseOf(slot Slot, activation Activation, t terms, pool Pool, current *issuer.Current) licensefile.License {
	return licensefile.License{
		Issuer: current.Publisher.ID, Subject: slot.ID, Audience: t.Offer.ProductCode,
		IssuedAt: licensefile.At(slot.Answer.At), Expires: licensefile.At(slot.Answer.Expires),
		ID: answerID(slot.ID, slot.Answer.Serial, ""), Serial: slot.Answer.Serial,
		Confirm: licensefile.Confirmation{Thumbprint: slot.InstallationID},
		Grant:   grantOf(slot, activation, t, pool, current),
	}
}

func grantOf(slot Slot, activation Activation, t terms, pool Pool, current *issuer.Current) licensefile.Grant {
	code, name, metric := t.Offer.Policy.LicenseType()
	g := licensefile.Grant{
		Key: t.Key.Masked(), KeyKind: string(t.Key.Kind), Product: t.Offer.ProductName, Plan: t.Offer.Name,
		LicenseType: code, TypeName: name, Metric: metric, Model: string(t.Offer.Policy.Model),
		Site:         licensefile.Site{ID: slot.SiteID, Name: slot.SiteName},
		Organization: t.Subscription.OrganizationName, Method: activation.Method,
		IssueDate: t.Key.IssuedOn, EndDate: t.endDate(), MaintenanceEnd: t.Subscription.MaintenanceEndsOn,
		End: t.end(current.Zone), Used: activation.Used, Maximum: t.maximum(pool, activation.Used), Unused: t.unused(pool),
		Suspended: t.Subscription.SuspendedAt != nil, Policy: t.Offer.Policy.Travels(), Entitlements: t.Offer.Policy.Entitlements,
	}
	return g
}

// answerID names an answer: the same request again gets the same name.
func answerID(slotID string, serial int64, nonce string) string {
	return fmt.Sprintf("%s/%d%s", slotID, serial, nonce)
}

// newer gives the revocation list when the installation holds an older one.
func newer(current *issuer.Current, held int64) string {
	if current.RevocationNumber > held {
		return current.Revocations
	}
	return ""
}

func skew(answer Answer, req licensefile.Request) int64 {
	return answer.At.Unix() - int64(req.IssuedAt)
}

// preview says what activating the offered key would grant. A stranger sees the
// product, the type, the dates, the maximum and whether the key is in use
// (EXCHANGE, "What strangers learn"); the bound installation sees the rest.
func preview(s situation, bound bool, obstacle error) licensefile.Preview {
	t := s.offered
	code, name, metric := t.Offer.Policy.LicenseType()
	p := licensefile.Preview{
		Product: t.Offer.ProductName, Plan: t.Offer.Name, LicenseType: code, TypeName: name, Metric: metric,
		Model: string(t.Offer.Policy.Model), IssueDate: t.Key.IssuedOn, EndDate: t.endDate(),
		Maximum: t.Subscription.Quantity, InUse: t.Key.Activations > 0,
	}
	if t.Key.Quota != nil {
		p.Maximum = t.Key.Quota
	}
	if found := problem.From(obstacle); found != nil {
		p.Problem, p.Message = string(found.Code), found.Message
	}
	if !bound {
		return p
	}
	p.Key, p.Organization = t.Key.Masked(), t.Subscription.OrganizationName
	if s.row.live() && s.row.Activation.KeyID == t.Key.ID {
		p.Site, p.HostName = s.row.Slot.SiteName, s.installation.HostName
		p.Used = &s.row.Activation.Used
	}
	p.Remaining = t.remaining()
	return p
}

// remaining says how many more devices rows of the key may manage; nil is
// unlimited.
func (t terms) remaining() *int64 {
	switch {
	case t.Key.Quota != nil && (t.Key.Reserved || t.Subscription.Quantity == nil):
		left := max(0, *t.Key.Quota-t.KeyUsed)
		return &left
	case t.Key.Quota != nil:
		left := t.Pool.DynamicAvailable(*t.Key.Quota, t.KeyUsed)
		return &left
	default:
		return t.unused(t.Pool)
	}
}

func previewReceipt(req *licensefile.SignedRequest, p licensefile.Preview, current *issuer.Current, at licensefile.NumericDate) licensefile.Receipt {
	return licensefile.Receipt{
		Issuer: current.Publisher.ID, Audience: req.Request.About.Product, IssuedAt: at,
		ID: "preview/" + req.Request.Nonce, Confirm: licensefile.Confirmation{Thumbprint: req.Thumbprint},
		Body: licensefile.ReceiptBody{
			Kind: req.Request.Kind, Nonce: req.Request.Nonce, Slot: req.Request.Slot,
			Status: licensefile.StatusPreview, Preview: &p,
		},
		Revocation: newer(current, req.Request.Revocations),
		ClockSkew:  int64(at - req.Request.IssuedAt),
	}
}
