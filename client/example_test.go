package client_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/licethq/licet/client"
	"github.com/licethq/licet/licensefile"
)

// A program activates a key, reports what it uses, and asks before it takes one
// more device under management.
func Example() {
	publisher := newPublisher() // in a real program: the publisher's server
	defer publisher.server.Close()
	dir, err := os.MkdirTemp("", "licet-example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	store, err := client.OpenFileStore(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()
	c, err := client.Open(client.Config{
		Server:  publisher.server.URL, // https://licensing.example.com
		Trust:   publisher.trust,      // licensefile.ParseTrust of the publisher's file
		Product: "mac-management",
		About:   licensefile.About{Version: "9.1.0", HostName: "proxy.example.com"},
		Store:   store,
		Now:     func() time.Time { return start }, // left out in a real program
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	slot := licensefile.SlotRef{
		Site:        licensefile.Site{ID: "0197a1b2-1111-7111-8111-111111111111", Name: "Main office"},
		LicenseType: "desktop",
	}
	preview, err := c.Preview(ctx, slot, "ABCD-1234-EFGH-5678")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("would grant:", preview.Preview.Product, *preview.Preview.Maximum)

	out, err := c.Activate(ctx, slot, "ABCD-1234-EFGH-5678", nil)
	var problem *client.Problem
	var unreachable *client.Unreachable
	switch {
	case errors.As(err, &problem):
		fmt.Println("the publisher says no:", problem.Code)
		return
	case errors.As(err, &unreachable):
		fmt.Println("try again later; the same request is sent again")
		return
	case err != nil:
		fmt.Println(err)
		return
	}
	fmt.Println("activated:", out.License.Grant.Key)

	usage := []licensefile.Usage{{Metric: "devices", From: start.Add(-time.Hour), To: start, Used: 12, Peak: 12}}
	if _, err := c.Report(ctx, slot, usage); err != nil {
		fmt.Println(err)
		return
	}
	decision, err := c.May(ctx, slot, licensefile.Enroll)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(decision.Verdict, decision.Code)
	fmt.Println(decision.Message)
	// Output:
	// would grant: Mac Management 10
	// activated: ••••-5678
	// warn over_limit
	// 12 licenses are in use, 10 are allowed. Remove 3 devices. Or: Buy 3 licenses more.
}

// A machine without a network activates by files.
func ExampleClient_RequestFile() {
	publisher := newPublisher()
	defer publisher.server.Close()
	c, err := client.Open(client.Config{
		Trust: publisher.trust, Product: "mac-management", Store: &memory{},
		Now: func() time.Time { return start },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	file, err := c.RequestFile(ctx, licensefile.KindActivate, desktop, "ABCD-1234-EFGH-5678", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, _ := publisher.byFile(file) // a person uploads the file in the portal
	out, err := c.Load(ctx, answer)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(out.License.Grant.Method, "until", out.License.Expires.Time().Format(time.DateOnly))
	// Output:
	// offline until 2026-03-31
}

// A program that has nothing but the publisher's root certificate and a license
// file checks the file.
func ExampleVerify() {
	publisher := newPublisher()
	defer publisher.server.Close()
	licenseFile := exampleLicense(publisher)

	trust, err := licensefile.ParseTrust(licensefile.TrustPEM(publisher.rootDER)) // os.ReadFile("publisher.pem")
	if err != nil {
		fmt.Println(err)
		return
	}
	license, err := client.Verify(licenseFile, trust, "mac-management", start.Add(time.Hour))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("devices:", *license.Grant.Maximum)

	_, err = client.Verify(licenseFile, trust, "mac-management", start.AddDate(1, 0, 0))
	var refusal *licensefile.Refusal
	if errors.As(err, &refusal) {
		fmt.Println(refusal.Code)
	}
	// Output:
	// devices: 10
	// license_expired
}

// exampleLicense gives a license file as a customer would have it.
func exampleLicense(p *publisher) []byte {
	c := must(client.Open(client.Config{Trust: p.trust, Product: product, Store: &memory{}, Now: func() time.Time { return start }}))
	file, _ := p.byFile(must(c.RequestFile(context.Background(), licensefile.KindActivate, desktop, key, nil)))
	return file
}
