package demo

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/licensefile"
)

func (d *demo) startServer(ctx context.Context) ([]string, error) {
	address, err := free(ctx, "127.0.0.1:8080")
	if err != nil {
		return nil, err
	}
	d.serverURL = "http://" + address
	d.server, err = d.start("server", "server", "--data", d.path("server"), "--master-key-file", d.path("master.key"),
		"--listen", address, "--publisher", "Example Software", "--time-zone", "Europe/Zurich")
	if err != nil {
		return nil, err
	}
	if err := answers(ctx, "server", d.serverURL+"/readyz"); err != nil {
		return nil, err
	}
	token, err := d.command(ctx, "staff", "create", "--data", d.path("server"), "--master-key-file", d.path("master.key"),
		"--email", "ops@example.com", "--role", "owner")
	if err != nil {
		return nil, err
	}
	token = strings.TrimSpace(token)
	if err := os.WriteFile(d.path("staff.token"), []byte(token+"\n"), 0o600); err != nil {
		return nil, err
	}
	d.staff = api.New(d.serverURL, token)
	publisher, err := d.staff.Publisher(ctx)
	if err != nil {
		return nil, err
	}
	d.publisher = publisher.ID
	return []string{d.serverURL, "publisher " + publisher.Name + ", " + publisher.ID}, nil
}

func (d *demo) sell(ctx context.Context) ([]string, error) {
	product, err := d.staff.CreateProduct(ctx, api.NewProduct{Code: productCode, Name: "Mac Management"})
	if err != nil {
		return nil, err
	}
	d.productID = product.ID
	d.organization, err = d.staff.CreateOrganization(ctx, api.NewOrganization{Kind: "customer", Name: "Alpine Devices AG"})
	if err != nil {
		return nil, err
	}
	d.desktop, err = d.sellOne(ctx, product.ID, api.LicenseType{Code: desktopType, Name: "Desktop", Metric: "devices"}, desktopLicenses, "")
	if err != nil {
		return nil, err
	}
	d.mobile, err = d.sellOne(ctx, product.ID, api.LicenseType{Code: mobileType, Name: "Mobile", Metric: "devices"}, mobileLicenses, d.organization.ID)
	return []string{
		fmt.Sprintf("Desktop, %d licenses until %s: %s", desktopLicenses, d.desktop.EndsOn, d.desktop.key),
		fmt.Sprintf("Mobile, %d licenses until %s: %s", mobileLicenses, d.mobile.EndsOn, d.mobile.key),
	}, err
}

// sellOne makes a plan for a license type and a subscription of it for a year.
func (d *demo) sellOne(ctx context.Context, productID string, kind api.LicenseType, quantity int64, organizationID string) (sold, error) {
	plan, err := d.staff.CreatePlan(ctx, api.NewPlan{
		ProductID: productID, Code: kind.Code, Name: kind.Name + ", yearly",
		Policy: api.NewPolicy{Model: "subscription", LicenseType: kind},
	})
	if err != nil {
		return sold{}, err
	}
	made, err := d.staff.CreateSubscription(ctx, api.NewSubscription{
		PlanID: plan.ID, OrganizationID: organizationID, Quantity: &quantity,
		EndsOn: time.Now().AddDate(1, 0, 0).Format(time.DateOnly),
	})
	return sold{made.Subscription, made.Key.Key}, err
}

// live gives the one live activation of a subscription; found is false when
// there is none.
func (d *demo) live(ctx context.Context, subscriptionID string) (activation api.Activation, found bool, err error) {
	page, err := d.staff.Activations(ctx, api.ActivationFilter{SubscriptionID: subscriptionID, State: "live"}, api.Listing{})
	if err != nil || len(page.Items) == 0 {
		return api.Activation{}, false, err
	}
	return page.Items[0], true, nil
}

// expectLive checks what the publisher knows of a subscription's row.
func (d *demo) expectLive(ctx context.Context, subscriptionID, status string, used int64) (string, error) {
	a, found, err := d.live(ctx, subscriptionID)
	switch {
	case err != nil:
		return "", err
	case !found:
		return "", fmt.Errorf("the publisher knows of no live activation")
	case a.Status != status || a.Used != used:
		return "", fmt.Errorf("the publisher sees %s with %d used, want %s with %d", a.Status, a.Used, status, used)
	}
	maximum := "unlimited"
	if a.Maximum != nil {
		maximum = fmt.Sprint(*a.Maximum)
	}
	return fmt.Sprintf("the publisher sees: %s at %s, %s, %d used of %s", a.Installation.HostName, a.Site.Name, a.Status, a.Used, maximum), nil
}

// exportRoot gets the trust file that verifiers are configured with.
func (d *demo) exportRoot(ctx context.Context) (file string, err error) {
	exported, err := d.command(ctx, "keys", "export-root", "--data", d.path("server"), "--master-key-file", d.path("master.key"))
	if err != nil {
		return "", err
	}
	if d.trust, err = licensefile.ParseTrust([]byte(exported)); err != nil {
		return "", err
	}
	file = d.path("publisher-root.pem")
	return file, os.WriteFile(file, []byte(exported), 0o600)
}

func (d *demo) audit(ctx context.Context) ([]string, error) {
	backup := d.path("backup.licet")
	said, err := d.command(ctx, "backup", "--data", d.path("server"), "--master-key-file", d.path("master.key"), "--to", backup)
	if err != nil {
		return nil, err
	}
	verified, err := d.command(ctx, "events", "verify", "--data", d.path("server"), "--master-key-file", d.path("master.key"))
	if err != nil {
		return nil, err
	}
	return append(lines(said), lines(verified)...), nil
}

func lines(text string) []string {
	return strings.Split(strings.TrimSpace(text), "\n")
}
