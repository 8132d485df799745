package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/event"
	"github.com/licethq/licet/internal/problem"
)

// purposeDevice is what requests to sign in by code are sealed for.
const purposeDevice = "device authorization"

// deviceTokenName is what a token from a sign-in by code is called.
const deviceTokenName = "sign-in by code" //nolint:gosec // a name, not a credential

// drawsOfCodes is how often a user code is drawn anew when it is taken: with a
// million live ones of 20^8, the second draw is needed once in 25,000 times.
const drawsOfCodes = 5

// AskDevice takes an agent's request to sign in by code, and gives what it shows
// to people and the device code by which it alone may ask how it went. Nobody
// has to be signed in; nothing happens before somebody who is approves, so
// nothing is recorded. Errors: validation_failed.
func (s *Service) AskDevice(ctx context.Context, r DeviceRequest) (DeviceAuthorization, string, error) {
	if err := r.Validate(); err != nil {
		return DeviceAuthorization{}, "", err
	}
	request, err := json.Marshal(r)
	if err != nil {
		return DeviceAuthorization{}, "", err
	}
	settings, _, err := SettingsOf(s.DB.Read(ctx))
	if err != nil {
		return DeviceAuthorization{}, "", err
	}
	now := s.now()
	d := DeviceAuthorization{
		Request: r, State: DevicePending, Interval: pollInterval, CreatedAt: now, ExpiresAt: now.Add(minutes(settings.DeviceCodeMinutes)),
	}
	if d.ID, err = newID(); err != nil {
		return DeviceAuthorization{}, "", err
	}
	code, hash, err := newSecret(s.Rand)
	if err != nil {
		return DeviceAuthorization{}, "", err
	}
	sealed := s.Keyring.Seal(purposeDevice, request, []byte(d.ID))
	for range drawsOfCodes {
		if d.UserCode, err = newUserCode(s.Rand); err != nil {
			return DeviceAuthorization{}, "", err
		}
		err = s.DB.InTx(ctx, func(tx *database.Tx) error {
			if err := deleteExpiredDevices(tx, now); err != nil {
				return err
			}
			return insertDevice(tx, d, hash, sealed)
		})
		if !database.IsUnique(err) {
			return d, code, err
		}
	}
	return DeviceAuthorization{}, "", err
}

// InspectDevice tells a person who has signed in what asks under a code. Codes
// that are not known, have expired or are decided get the same
// authorization_expired; so in all verbs below.
func (s *Service) InspectDevice(ctx context.Context, actor Actor, userCode string) (DeviceAuthorization, error) {
	if err := actor.RequirePerson(); err != nil {
		return DeviceAuthorization{}, err
	}
	d, err := s.openDevice(s.DB.Read(ctx), userCode)
	if err != nil {
		return DeviceAuthorization{}, err
	}
	request, err := s.Keyring.Open(purposeDevice, d.sealed, []byte(d.ID))
	if err != nil {
		return DeviceAuthorization{}, err
	}
	if err := json.Unmarshal(request, &d.Request); err != nil {
		return DeviceAuthorization{}, fmt.Errorf("read a sealed request: %w", err)
	}
	return d.DeviceAuthorization, nil
}

// openDevice finds the authorization that a person may still decide.
func (s *Service) openDevice(q database.Querier, userCode string) (sealedDevice, error) {
	code := parseUserCode(userCode)
	if code == "" {
		return sealedDevice{}, problem.New(problem.AuthorizationExpired)
	}
	d, err := deviceByUserCode(q, code)
	switch {
	case errors.Is(err, database.ErrNoRows):
		return d, problem.New(problem.AuthorizationExpired)
	case err == nil && !d.open(s.now()):
		return d, problem.New(problem.AuthorizationExpired)
	}
	return d, err
}

// DeviceApproval says for which organization an agent may sign in: one that
// exists, or one to found with it.
type DeviceApproval struct {
	OrganizationID string
	Organization   *NewOrganization // its kind is customer, whatever it says
}

// Validate reports every fault at once. Who founds an organization says its
// name, address and phone (P2).
func (a DeviceApproval) Validate() error {
	var f problem.Faults
	f.Check((a.OrganizationID == "") != (a.Organization == nil), "/organization_id", "must be given, or the organization to found, but not both")
	if o := a.Organization; o != nil {
		f.Text("/organization/name", o.Name, 1, maxName)
		f.Lines("/organization/address", o.Address, 1, maxAddress)
		f.Text("/organization/phone", o.Phone, 1, maxPhone)
		f.Check(o.Country == "" || countryForm.MatchString(o.Country), "/organization/country", "must be two letters of ISO 3166-1, such as CH")
	}
	return f.Err()
}

// ApproveDevice lets the agent that shows a code sign in for an organization of
// which the person is account administrator, or which they found with it. It is
// done once: of several who decide at the same time, one does. Errors:
// validation_failed, not_found, forbidden, authorization_expired.
func (s *Service) ApproveDevice(ctx context.Context, actor Actor, userCode string, a DeviceApproval) (Organization, error) {
	if err := actor.RequirePerson(); err != nil {
		return Organization{}, err
	}
	if err := a.Validate(); err != nil {
		return Organization{}, err
	}
	if a.Organization == nil {
		if err := actor.RequireIn(a.OrganizationID, AccountAdministrator); err != nil {
			return Organization{}, err
		}
	}
	var founded *Organization
	if a.Organization != nil {
		n := *a.Organization
		n.Kind = Customer
		o, err := s.DraftOrganization(n)
		if err != nil {
			return Organization{}, err
		}
		founded, a.OrganizationID = &o, o.ID
	}
	var approved Organization
	err := s.decide(ctx, actor, userCode, DeviceApproved, a.OrganizationID, func(tx *database.Tx, d sealedDevice) error {
		if err := actor.Keep(tx, d.ID); err != nil {
			return err
		}
		if founded != nil {
			if err := FoundOrganization(tx, actor, *founded); err != nil {
				return err
			}
		}
		var err error
		approved, err = organizationByID(tx, a.OrganizationID)
		return notFound(err)
	})
	return approved, err
}

// ApprovedDevice gives the organization that a person approved an authorization
// for; not_found when they did not.
func (s *Service) ApprovedDevice(ctx context.Context, actor Actor, id string) (Organization, error) {
	if err := actor.RequirePerson(); err != nil {
		return Organization{}, err
	}
	d, err := deviceByID(s.DB.Read(ctx), id)
	if err != nil {
		return Organization{}, notFound(err)
	}
	if d.PersonID != actor.PersonID || d.OrganizationID == "" {
		return Organization{}, problem.New(problem.NotFound)
	}
	return s.Organization(ctx, actor, d.OrganizationID)
}

// DenyDevice refuses the agent that shows a code. Errors: authorization_expired.
func (s *Service) DenyDevice(ctx context.Context, actor Actor, userCode string) error {
	if err := actor.RequirePerson(); err != nil {
		return err
	}
	return s.decide(ctx, actor, userCode, DeviceDenied, "", func(*database.Tx, sealedDevice) error { return nil })
}

// decide takes an authorization out of pending, once, with what else belongs to it.
func (s *Service) decide(
	ctx context.Context, actor Actor, userCode string, to DeviceState, organizationID string, with func(*database.Tx, sealedDevice) error,
) error {
	return s.DB.InTx(ctx, func(tx *database.Tx) error {
		d, err := s.openDevice(tx, userCode)
		if err != nil {
			return err
		}
		if err := with(tx, d); err != nil {
			return err
		}
		decided, err := decideDevice(tx, d.ID, to, actor.PersonID, organizationID)
		if err != nil {
			return err
		}
		if !decided { // somebody else was faster
			return problem.New(problem.AuthorizationExpired)
		}
		return event.Record(tx, event.Event{
			At: s.now(), Kind: "device_authorization." + string(to), Actor: actor.Actor, OrganizationID: organizationID,
			Subject: event.Subject{Kind: "device_authorization", ID: d.ID},
		})
	})
}

// DeviceGrant is what an agent gets when its sign-in was approved.
type DeviceGrant struct {
	OrganizationID   string
	OrganizationName string
	Token            string // registers keys to that organization, and nothing else
	ExpiresAt        time.Time
}

// DeviceToken tells an agent how its sign-in went, by its device code. Once
// approved it gives, exactly once, a token that acts for the approver in that
// organization alone and registers keys, nothing else. Errors:
// authorization_pending and slow_down with the time to wait,
// authorization_denied, authorization_expired.
func (s *Service) DeviceToken(ctx context.Context, deviceCode string) (DeviceGrant, error) {
	token, text, err := s.draftToken(Token{Name: deviceTokenName, Scopes: Scopes{Write(ScopeRegistration)}})
	if err != nil {
		return DeviceGrant{}, err
	}
	var grant DeviceGrant
	var answer error
	err = s.DB.InTx(ctx, func(tx *database.Tx) error {
		grant, answer = DeviceGrant{}, nil
		stored, err := deviceByHash(tx, secretHash(deviceCode))
		if errors.Is(err, database.ErrNoRows) {
			answer = problem.New(problem.AuthorizationExpired)
			return nil
		}
		if err != nil {
			return err
		}
		d, code := stored.polled(s.now())
		if code != "" {
			answer = waiting(code, d.Interval)
			return notePoll(tx, d)
		}
		grant, err = s.grant(tx, d, token, text)
		return err
	})
	if err == nil {
		err = answer
	}
	return grant, err
}

// waiting answers an agent that gets no token now; the time to wait tells it
// when to ask again.
func waiting(code problem.Code, interval time.Duration) error {
	p := problem.New(code)
	if code == problem.AuthorizationPending || code == problem.SlowDown {
		p.RetryAfter = interval
	}
	return p
}

// grant hands out the token of an approved authorization, once.
func (s *Service) grant(tx *database.Tx, d DeviceAuthorization, token Token, text string) (DeviceGrant, error) {
	used, err := useDevice(tx, d.ID)
	if err != nil {
		return DeviceGrant{}, err
	}
	if !used { // another poll was faster
		return DeviceGrant{}, problem.New(problem.AuthorizationExpired)
	}
	settings, _, err := SettingsOf(tx)
	if err != nil {
		return DeviceGrant{}, err
	}
	until := token.CreatedAt.Add(minutes(settings.DeviceCodeMinutes))
	token.PersonID, token.OrganizationID, token.ExpiresAt = d.PersonID, d.OrganizationID, &until
	agent := System("sign_in_by_code")
	agent.OnBehalfOf = d.PersonID
	if err := storeToken(tx, agent, token, text); err != nil {
		return DeviceGrant{}, err
	}
	name, err := OrganizationName(tx, d.OrganizationID)
	if err != nil {
		return DeviceGrant{}, err
	}
	return DeviceGrant{OrganizationID: d.OrganizationID, OrganizationName: name, Token: text, ExpiresAt: until}, event.Record(tx, event.Event{
		At: token.CreatedAt, Kind: "device_authorization.used", Actor: agent.Actor, OrganizationID: d.OrganizationID,
		Subject: event.Subject{Kind: "device_authorization", ID: d.ID}, Data: map[string]any{"token": token.ID},
	})
}
