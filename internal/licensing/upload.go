package licensing

import (
	"context"
	"time"

	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/issuer"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// mayUpload gives nil when the actor may upload files: everybody who is signed in
// but auditors, who change nothing.
func mayUpload(actor identity.Actor) error {
	err := actor.Require(identity.SellersAndHelpers...)
	if actor.Role != identity.Auditor && problem.Is(err, problem.Forbidden) {
		return nil
	}
	return err
}

// TakeFile answers a request that somebody uploads for an installation without a
// network. Its signature alone authorizes the effect, whoever carries the file.
// registerTo names an organization to which its account administrator registers
// the key first (R1); empty registers nothing. Errors: forbidden, those of
// Exchange and, with registerTo, of RegisterKey and validation_failed for a file
// that brings no key.
func (s *Service) TakeFile(ctx context.Context, actor identity.Actor, armored []byte, registerTo string) (Signed, error) {
	if err := mayUpload(actor); err != nil {
		return Signed{}, err
	}
	if registerTo != "" {
		req, _, err := s.openFile(ctx, armored)
		if err != nil {
			return Signed{}, err
		}
		var f problem.Faults
		f.Check(req.Request.Key != "", "query.register_to", "is for files that bring a key")
		if err := f.Err(); err != nil {
			return Signed{}, err
		}
		if _, err := s.RegisterKey(ctx, actor, Registration{Key: req.Request.Key, OrganizationID: registerTo}); err != nil {
			return Signed{}, err
		}
	}
	return s.ExchangeFile(ctx, armored)
}

// openFile opens the request in a file; its signature is right. For a file that
// holds something else it says what.
func (s *Service) openFile(ctx context.Context, armored []byte) (*licensefile.SignedRequest, licensefile.Armored, error) {
	form, compact, err := licensefile.Dearmor(armored)
	if err != nil {
		return nil, form, problem.From(err)
	}
	if form != licensefile.ArmorRequest {
		return nil, form, problem.New(problem.NotARequest)
	}
	publisher, err := s.Issuer.Fixed(ctx)
	if err != nil {
		return nil, form, err
	}
	req, err := licensefile.OpenRequest(compact, publisher.ID)
	if err != nil {
		return nil, form, problem.From(err)
	}
	return req, form, nil
}

// Effect says what taking a request would do.
type Effect string

// The effects.
const (
	WouldPreview    Effect = "preview"    // nothing; the answer says what activating would grant
	WouldActivate   Effect = "activate"   // start an activation
	WouldMove       Effect = "move"       // start one in the place of the row's other key
	WouldRefresh    Effect = "refresh"    // renew the license, and take usage
	WouldReport     Effect = "report"     // take usage
	WouldDeactivate Effect = "deactivate" // end the row
	WouldRepeat     Effect = "repeat"     // nothing: it was taken before, the answer is the same
	WouldTell       Effect = "tell"       // nothing: the row has ended, the answer says so
)

// NextStep says what a person may do about a refusal.
type NextStep string

// The next steps.
const (
	StepAskOffline NextStep = "ask_offline" // ask the publisher to allow offline activation (P4)
	StepRegister   NextStep = "register"    // register the key to an organization
	StepDeactivate NextStep = "deactivate"  // deactivate the key where it is used, or use another
	StepUseKey     NextStep = "use_key"     // use another key
	StepRenew      NextStep = "renew"       // renew the subscription
	StepNewestFile NextStep = "newest_file" // upload the newest file of the row
	StepOtherFile  NextStep = "other_file"  // upload the request file that the agent saved
	StepContact    NextStep = "contact"     // contact the publisher
)

// nextSteps gives the next step of a refusal; the others lead to the publisher.
var nextSteps = map[problem.Code]NextStep{
	problem.OfflineNotAllowed: StepAskOffline, problem.KeyNotRegistered: StepRegister,
	problem.KeyInUse: StepDeactivate, problem.ActivationsExhausted: StepDeactivate,
	problem.KeyReplaced: StepUseKey, problem.KeyUnknown: StepUseKey, problem.KeyMistyped: StepUseKey, problem.SublicenseEnded: StepUseKey,
	problem.WrongProduct: StepUseKey, problem.WrongLicenseType: StepUseKey, problem.OtherOrganization: StepUseKey, problem.NotActivated: StepUseKey,
	problem.SubscriptionExpired: StepRenew, problem.RequestSuperseded: StepNewestFile,
	problem.NotARequest: StepOtherFile, problem.FileMalformed: StepOtherFile, problem.FileTooLarge: StepOtherFile, problem.WrongType: StepOtherFile,
	problem.SignatureInvalid: StepOtherFile, problem.RequestInvalid: StepOtherFile, problem.WrongPublisher: StepOtherFile,
}

// Inspection says what a file is and what taking it would do.
type Inspection struct {
	Form    licensefile.Armored  // empty when it is none of ours
	Request *licensefile.Request // what it says; nil when it holds no request of this publisher
	Effect  Effect               // empty when it would be refused
	Refusal error                // why; nil when it would be taken
	Next    NextStep             // empty when it would be taken

	Preview *licensefile.Preview // what the key grants; nil for files without one
	Row     *Row                 // that the request is about, for those who look after its key
}

// Masked gives the file's key as it may be shown; empty for none.
func (i Inspection) Masked() string {
	if i.Request == nil || i.Request.Key == "" {
		return ""
	}
	return licensefile.Masked(licensefile.LastFour(licensefile.NormalizeKey(i.Request.Key)))
}

// InspectFile says what a file is and what taking it would do; it changes
// nothing. What is known of a key beyond what strangers learn (EXCHANGE) is for
// the members of its organization. A refusal is part of the inspection. Errors:
// unauthenticated.
func (s *Service) InspectFile(ctx context.Context, actor identity.Actor, armored []byte) (Inspection, error) {
	if err := mayUpload(actor); err != nil && !problem.Is(err, problem.Forbidden) {
		return Inspection{}, err
	}
	var i Inspection
	req, form, err := s.openFile(ctx, armored)
	i.Form = form
	if err != nil {
		return i.refused(err)
	}
	i.Request = &req.Request
	known, current, err := s.lookAll(ctx, req)
	if err != nil {
		return i.refused(err)
	}
	i.Preview = shown(actor, req, known, current.Zone, s.now())
	if i.Row, err = s.inspectedRow(ctx, actor, known); err != nil {
		return i, err
	}
	if req.Request.Kind == licensefile.KindPreview {
		i.Effect = WouldPreview
		if known.offered.Key.ReplacedBy != "" {
			return i.refused(problem.New(problem.KeyReplaced))
		}
		return i, nil
	}
	ruled, err := rule(req, known, current, s.now())
	if err != nil {
		return i.refused(err)
	}
	if i.Effect = ruled.effect(); i.Effect == "" {
		return i.refused(problem.New(problem.InstallationForked))
	}
	return i, nil
}

// lookAll loads the situation of a request with the installation, also when that
// says the same of itself as last time.
func (s *Service) lookAll(ctx context.Context, req *licensefile.SignedRequest) (situation, *issuer.Current, error) {
	publisher, err := s.Issuer.Fixed(ctx)
	if err != nil {
		return situation{}, nil, err
	}
	asked := *req
	if asked.Request.Key != "" {
		asked.Request.Kind = licensefile.KindPreview
	}
	return s.look(ctx, &asked, dayIn(publisher.Zone, s.now()))
}

// refused completes an inspection by a refusal. What is no refusal is an error.
func (i Inspection) refused(err error) (Inspection, error) {
	p := problem.From(err)
	switch p.Code {
	case problem.InternalError, problem.DatabaseUnavailable, problem.ShuttingDown, problem.RequestCanceled, problem.SigningCertificateEnded:
		return i, err
	}
	i.Effect, i.Refusal, i.Next = "", p, StepContact
	if step, ok := nextSteps[p.Code]; ok {
		i.Next = step
	}
	return i, nil
}

// shown gives what the actor may know of a request's key; nil for a request
// without one.
func shown(actor identity.Actor, req *licensefile.SignedRequest, known situation, zone *time.Location, now time.Time) *licensefile.Preview {
	if known.offered == nil || known.offered.Key.ReplacedBy != "" { // perhaps leaked: it shows nothing (P19)
		return nil
	}
	bound := known.row.live() && known.row.Activation.KeyID == known.offered.Key.ID
	obstacle := admits(req.Request, known, zone, now)
	if obstacle == nil && !bound {
		obstacle = known.offered.exhausted()
	}
	organization := known.offered.Subscription.OrganizationID
	belongs := organization != "" && actor.RequireIn(organization, identity.Member, identity.AnyStaff...) == nil
	p := preview(known, belongs, obstacle)
	return &p
}

// inspectedRow gives the row that a request is about to those who look after its
// key.
func (s *Service) inspectedRow(ctx context.Context, actor identity.Actor, known situation) (*Row, error) {
	if known.row == nil {
		return nil, nil //nolint:nilnil // a slot that is new is not an error
	}
	row, err := s.Row(ctx, actor, known.row.Activation.ID)
	if problem.Is(err, problem.NotFound) || problem.Is(err, problem.Forbidden) {
		return nil, nil //nolint:nilnil // who may not see it is told nothing
	}
	return &row, err
}

// effect says what a ruling does; empty when it refuses.
func (r *ruling) effect() Effect {
	switch {
	case r.outcome == forked:
		return ""
	case r.outcome == repeated:
		return WouldRepeat
	case r.outcome == closed:
		return WouldTell
	case r.moves():
		return WouldMove
	case r.starts:
		return WouldActivate
	case r.ends:
		return WouldDeactivate
	case r.request.Request.Kind == licensefile.KindReport:
		return WouldReport
	}
	return WouldRefresh
}
