package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"sync"

	"github.com/licethq/licet/api"
)

// browser keeps the cookies of one server, also over plain HTTP on loopback,
// where Go's own jar keeps secure ones to itself and browsers do not.
type browser struct {
	mu      sync.Mutex
	cookies map[string]string
}

// RoundTrip makes a request with the cookies, and keeps those of the answer.
func (b *browser) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	b.mu.Lock()
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	b.mu.Unlock()
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range answer.Cookies() {
		b.cookies[c.Name] = c.Value
	}
	return answer, nil
}

// openBrowser gives a client for nobody, who may then sign in.
func (d *demo) openBrowser() *api.Client {
	c := api.New(d.serverURL, "")
	c.HTTP.Transport = &browser{cookies: map[string]string{}}
	return c
}

// adminPassword is that of the account administrator who splits the seats.
const adminPassword = "harbor lights at dawn"

var linkToken = regexp.MustCompile(`/invite\?token=([A-Za-z0-9_-]+)`)

// acceptInvitation accepts the invitation that an order sent, as its reader
// would. No mail server is set up here: the owner looks into the outbox.
func (d *demo) acceptInvitation(ctx context.Context) ([]string, error) {
	harbor := d.of("Blue Harbor Logistics")
	token, subject, err := d.invitationTo(ctx, harbor.email)
	if err != nil {
		return nil, err
	}
	browser := d.openBrowser()
	accepted, err := browser.AcceptInvitation(ctx, api.Acceptance{
		Token: token, FirstName: "IT", LastName: "Desk", Password: adminPassword, Language: harbor.language,
	})
	if err != nil {
		return nil, err
	}
	_, err = d.openBrowser().AcceptInvitation(ctx, api.Acceptance{Token: token, FirstName: "Some", LastName: "Body", Password: adminPassword})
	again, err := refused(err, "invitation_ended")
	if err != nil {
		return nil, err
	}
	made, err := browser.CreateToken(ctx, api.NewToken{
		Name: "seats", OrganizationID: accepted.OrganizationID,
		Scopes: []string{"subscriptions:read", "keys:write", "installations:read", "members:write"},
	})
	if err != nil {
		return nil, err
	}
	d.administrator = api.New(d.serverURL, made.Secret)
	_, err = d.administrator.Organization(ctx, d.organization.ID)
	if err == nil {
		return nil, errors.New("the administrator of one organization sees another")
	}
	return []string{
		fmt.Sprintf("%q, to %s, in %s", subject, harbor.email, harbor.language),
		fmt.Sprintf("%s is %s of %s", harbor.email, accepted.Role, accepted.OrganizationName),
		again,
	}, nil
}

// invitationTo gives the token in the newest invitation to an address.
func (d *demo) invitationTo(ctx context.Context, email string) (token, subject string, err error) {
	page, err := d.staff.Mails(ctx, api.MailFilter{Kind: "invitation", Recipient: email}, api.Listing{Limit: 1})
	if err != nil {
		return "", "", err
	}
	if len(page.Items) == 0 {
		return "", "", fmt.Errorf("nobody has invited %s", email)
	}
	text, err := d.staff.RevealMail(ctx, page.Items[0].ID)
	if err != nil {
		return "", "", err
	}
	found := linkToken.FindStringSubmatch(text.Text)
	if found == nil {
		return "", "", errors.New("the invitation holds no link")
	}
	return found[1], text.Subject, nil
}
