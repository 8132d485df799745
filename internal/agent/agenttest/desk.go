package agenttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/licensefile"
)

// managementPath is where the management API lies.
const managementPath = "/api/v1"

// Desk is where agents sign in by code. It answers the newest one.
type Desk struct {
	Asked  []api.DeviceRequest
	Polls  []time.Time
	Pace   time.Duration // least time between two polls; 0 is 5 s
	Life   time.Duration // of a code and of a token; 0 is 15 min
	Answer string        // code to answer polls with instead
	Refuse string        // code to refuse registrations with
	Change func(*api.DeviceAuthorization)

	OnPoll   func()   // before a poll is answered
	Redirect string   // where to send requests instead
	Hosts    []string // that were called

	Approved bool // by the person, for the organization
	Tokens   int  // given
	until    time.Time
}

// Organization is the one that the person approves for.
const Organization = "01990000-0000-7000-8000-00000000000a"

// deviceToken is what an approved agent gets.
const deviceToken = "lic_registers-keys" //nolint:gosec // opens nothing

func (d *Desk) serve(p *Publisher, r *http.Request, body []byte) *http.Response {
	d.Hosts = append(d.Hosts, r.URL.Host)
	if d.Redirect != "" {
		res := response(http.StatusTemporaryRedirect, struct{}{})
		res.Header.Set("Location", d.Redirect+r.URL.Path)
		return res
	}
	switch path := strings.TrimPrefix(r.URL.Path, managementPath); path {
	case "/device-authorizations":
		return d.ask(p, body)
	case "/device-authorizations/token":
		return d.poll(p, body)
	case "/key-registrations":
		return d.register(p, r, body)
	default:
		return refusal(http.StatusNotFound, "not_found", 0)
	}
}

func (d *Desk) ask(p *Publisher, body []byte) *http.Response {
	var asked api.DeviceRequest
	if err := json.Unmarshal(body, &asked); err != nil {
		return refusal(http.StatusBadRequest, "invalid_request", 0)
	}
	d.Asked = append(d.Asked, asked)
	d.Pace, d.Life = max(d.Pace, 5*time.Second), max(d.Life, 15*time.Minute)
	d.Approved, d.Polls, d.until = false, nil, p.now().Add(d.Life)
	answer := api.DeviceAuthorization{
		DeviceCode: d.deviceCode(), UserCode: "BCDF-GHJK", VerificationURI: "http://publisher.example.com/device",
		VerificationURIComplete: "http://publisher.example.com/device?code=BCDF-GHJK", ExpiresIn: int64(d.Life / time.Second), Interval: 5,
	}
	if d.Change != nil {
		d.Change(&answer)
	}
	return success(answer)
}

func (d *Desk) deviceCode() string { return fmt.Sprintf("device-code-%d", len(d.Asked)) }

func (d *Desk) poll(p *Publisher, body []byte) *http.Response {
	var code api.DeviceCode
	if err := json.Unmarshal(body, &code); err != nil || code.DeviceCode != d.deviceCode() || d.Tokens == len(d.Asked) {
		return refusal(http.StatusGone, "authorization_expired", 0)
	}
	if d.OnPoll != nil {
		d.OnPoll()
	}
	now := p.now()
	early := len(d.Polls) > 0 && now.Sub(d.Polls[len(d.Polls)-1]) < d.Pace
	d.Polls = append(d.Polls, now)
	switch {
	case d.Answer != "":
		return refusal(http.StatusForbidden, d.Answer, 0)
	case !now.Before(d.until):
		return refusal(http.StatusGone, "authorization_expired", 0)
	case d.Approved:
		d.Tokens = len(d.Asked)
		return success(api.DeviceToken{OrganizationID: Organization, OrganizationName: "Blue Harbor", Token: deviceToken, ExpiresAt: now.Add(d.Life)})
	case early:
		d.Pace += 5 * time.Second
		return refusal(http.StatusBadRequest, "slow_down", d.Pace)
	default:
		return refusal(http.StatusBadRequest, "authorization_pending", d.Pace)
	}
}

func (d *Desk) register(p *Publisher, r *http.Request, body []byte) *http.Response {
	var registration api.Registration
	err := json.Unmarshal(body, &registration)
	sold := p.Keys[licensefile.NormalizeKey(registration.Key)]
	switch {
	case err != nil, sold == nil:
		return refusal(http.StatusNotFound, "key_unknown", 0)
	case r.Header.Get("Authorization") != "Bearer "+deviceToken:
		return refusal(http.StatusUnauthorized, "unauthenticated", 0)
	case registration.OrganizationID != Organization:
		return refusal(http.StatusNotFound, "not_found", 0)
	case d.Refuse != "":
		return refusal(http.StatusConflict, d.Refuse, 0)
	}
	sold.Unregistered = false
	return success(api.Subscription{OrganizationID: Organization})
}

func success(v any) *http.Response { return response(http.StatusOK, v) }

func refusal(status int, code string, wait time.Duration) *http.Response {
	res := response(status, map[string]any{"code": code, "detail": "The publisher says: " + code + "."})
	if wait > 0 {
		res.Header.Set("Retry-After", strconv.Itoa(int(wait/time.Second)))
	}
	return res
}

func response(status int, v any) *http.Response {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return &http.Response{
		StatusCode: status, Status: strconv.Itoa(status), Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(body)),
	}
}
