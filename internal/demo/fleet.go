package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/licethq/licet/client"
	"github.com/licethq/licet/licensefile"
)

// machine is an installation of a customer that a program of the vendor's runs
// on: it speaks to the publisher by package client.
type machine struct {
	host, system, version string
	site                  string
	key                   string
	used                  func(day int) int64 // so many days ago
	offline               bool
}

// historyDays is how far back the machines tell what they used.
const historyDays = 120

// memory keeps an installation's state while the demo runs.
type memory struct{ state *client.Installation }

// Load gives the state; nil before the first.
func (m *memory) Load(context.Context) (*client.Installation, error) { return m.state, nil }

// Save keeps the state.
func (m *memory) Save(_ context.Context, in *client.Installation) error {
	m.state = in
	return nil
}

// fleet lists the machines of the customers.
func (d *demo) fleet() []machine {
	steady := func(n int64) func(int) int64 { return func(int) int64 { return n } }
	growing := func(from, to int64) func(int) int64 {
		return func(ago int) int64 { return to - (to-from)*int64(ago)/historyDays }
	}
	harbor, lac := d.of("Blue Harbor Logistics"), d.of("Cliniques du Lac")
	cedar, polar, juniper := d.of("Cedar School District"), d.of("Kita Polar Institute"), d.of("Juniper Savings")
	return []machine{
		{host: "harbor-hq-01", system: "macOS 16.1", version: "8.7.0", site: "Head office", key: harbor.key, used: growing(12, 64)},
		{host: "harbor-warehouse-01", system: "macOS 16.0", version: "8.6.2", site: "Warehouse", key: d.shares[0].Key.Key, used: growing(20, 71)},
		{host: "harbor-offices-01", system: "macOS 15.6", version: "8.7.0", site: "Offices", key: d.shares[1].Key.Key, used: steady(34)},
		{host: "lac-proxy-01", system: "Windows Server 2025", version: "8.5.1", site: "Annecy", key: lac.key, used: growing(40, 56)},
		{host: "cedar-mdm-01", system: "Ubuntu 26.04", version: "8.7.0", site: "District office", key: cedar.key, used: growing(31, 46)},
		{host: "polar-station-01", system: "Debian 12", version: "8.6.0", site: "Station", key: polar.key, used: steady(9), offline: true},
		{host: "juniper-lab-01", system: "macOS 16.1", version: "8.7.0", site: "Lab", key: juniper.key, used: steady(3)},
	}
}

// callHome lets every machine activate and tell what it used over the last
// months.
func (d *demo) callHome(ctx context.Context) ([]string, error) {
	var said []string
	for _, m := range d.fleet() {
		license, err := d.operate(ctx, m)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.host, err)
		}
		said = append(said, fmt.Sprintf("%-20s %-7s %3d used of %d", m.host, license.Grant.Method, license.Grant.Used, *license.Grant.Maximum))
	}
	return said, nil
}

// operate activates a machine, online or by files, and reports its months of
// usage with the same request or the next.
func (d *demo) operate(ctx context.Context, m machine) (*licensefile.License, error) {
	c, err := client.Open(client.Config{
		Server: d.serverURL, Trust: d.trust, Product: productCode, Store: &memory{},
		About: licensefile.About{HostName: m.host, OperatingSystem: m.system, Version: m.version},
	})
	if err != nil {
		return nil, err
	}
	slot := licensefile.SlotRef{Site: licensefile.Site{ID: uuid.NewString(), Name: m.site}, LicenseType: desktopType}
	if m.offline {
		return d.operateOffline(ctx, c, slot, m)
	}
	if _, err := c.Activate(ctx, slot, m.key, m.history()); err != nil {
		return nil, err
	}
	outcome, err := c.Refresh(ctx, slot)
	if err != nil {
		return nil, err
	}
	return outcome.License, nil
}

// operateOffline carries files between a machine and the publisher.
func (d *demo) operateOffline(ctx context.Context, c *client.Client, slot licensefile.SlotRef, m machine) (*licensefile.License, error) {
	request, err := c.RequestFile(ctx, licensefile.KindActivate, slot, m.key, m.history())
	if err != nil {
		return nil, err
	}
	answer, err := d.staff.ExchangeFile(ctx, request)
	if err != nil {
		return nil, err
	}
	outcome, err := c.Load(ctx, answer.Data)
	if err != nil {
		return nil, err
	}
	return outcome.License, nil
}

// history is what a machine used, a period a day.
func (m machine) history() []licensefile.Usage {
	midnight := time.Now().UTC().Truncate(24 * time.Hour)
	periods := make([]licensefile.Usage, 0, historyDays)
	for ago := historyDays; ago > 0; ago-- {
		used := m.used(ago - 1)
		periods = append(periods, licensefile.Usage{
			Metric: "devices", From: midnight.AddDate(0, 0, -ago), To: midnight.AddDate(0, 0, 1-ago), Used: used, Peak: used,
		})
	}
	return periods
}
