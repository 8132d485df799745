package agent

import (
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/licensefile"
)

// RowKey names a row: one site and one license type.
type RowKey struct {
	SiteID      string
	LicenseType string
}

// Count is what a row uses.
type Count struct {
	RowKey
	Used int64

	// The open period: the highest count since PeriodFrom. It is closed when
	// usage is reported.
	Peak       int64
	PeriodFrom time.Time
}

// Period is a closed period of usage, kept until the publisher confirms it.
type Period struct {
	ID string
	RowKey
	From, To   time.Time
	Used, Peak int64
}

// counted gives the count after devices came or went.
func (c Count) counted(used int64) Count {
	c.Used = used
	c.Peak = max(c.Peak, used)
	return c
}

// restarted gives the count at the start of an activation: usage belongs to the
// activation, so nothing from before it counts for it.
func (c Count) restarted(now time.Time) Count {
	c.PeriodFrom, c.Peak = now, c.Used
	return c
}

// closed gives the period that ends now, and the count at the start of the next.
// If the clock was set back meanwhile, the period shrinks to now.
func (c Count) closed(id string, now time.Time) (Period, Count) {
	p := Period{ID: id, RowKey: c.RowKey, From: c.PeriodFrom, To: now, Used: c.Used, Peak: c.Peak}
	if p.From.After(now) {
		p.From = now
	}
	return p, c.restarted(now)
}

// usage gives the period as it travels.
func (p Period) usage(metric string) licensefile.Usage {
	return licensefile.Usage{Metric: metric, From: p.From, To: p.To, Used: p.Used, Peak: p.Peak}
}

// merged joins the oldest periods until at most n are left, so that an agent
// that cannot report for years still can tell everything in one request.
func merged(periods []Period, n int) (kept []Period, dropped []string) {
	for len(periods) > n {
		first, second := periods[0], periods[1]
		second.From = first.From
		second.Peak = max(first.Peak, second.Peak)
		dropped = append(dropped, first.ID)
		periods = append([]Period{second}, periods[2:]...)
	}
	return periods, dropped
}

// recount counts the devices of sites anew and stores what changed.
func (a *Agent) recount(tx *database.Tx, sites map[string]bool) error {
	for site := range sites {
		for _, lt := range a.cfg.LicenseTypes {
			used, err := countDevices(tx, site, lt.Platform)
			if err != nil {
				return err
			}
			c, err := countOf(tx, RowKey{site, lt.Code})
			if err != nil {
				return err
			}
			if err := saveCount(tx, c.counted(used)); err != nil {
				return err
			}
		}
	}
	return nil
}
