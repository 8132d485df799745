package catalog

import (
	"fmt"
	"regexp"

	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// Bounds of what a policy may say. They keep sums of durations far from
// overflow and documents small; they are not rules of anybody's business.
const (
	maxDays         = 36_500
	maxHours        = 24 * 366
	maxActivations  = 1_000_000
	maxEntitlements = 100
	maxClasses      = 50
	maxName         = 200
	maxVersion      = 64
	maxKeyLength    = 64 // characters, without dashes
	minGroupedKey   = 22 // characters: at least 100 random bits at 5 bits each, and a checksum of 2
)

var codeForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9_.-]{0,62}[a-z0-9])?$`)

const codeRule = "must be 1 to 64 lower-case letters, digits, dots, dashes or underscores"

// Validate reports every fault of a policy at once, with pointers below /policy.
func (p Policy) Validate() error {
	var f problem.Faults
	p.check(&f, "/policy")
	return f.Err()
}

func (p Policy) check(f *problem.Faults, at string) {
	f.Check(knownModel(p.Model), at+"/model", "must be subscription, perpetual, metered or trial")
	p.Type.check(f, at+"/license_type")
	p.checkEntitlements(f, at+"/entitlements")
	f.Range(at+"/activations_per_key", p.ActivationsPerKey, 0, maxActivations)
	p.checkLimit(f, at)
	p.checkTimes(f, at)
	f.Text(at+"/organization_from_version", p.OrganizationFromVersion, 0, maxVersion)
	p.Billing.check(f, at+"/billing")
	f.Check(p.OnFork == ForkNotify || p.OnFork == ForkRefuse, at+"/on_fork", "must be notify or refuse")
	p.KeyFormat.check(f, at+"/key_format")
}

func (t LicenseType) check(f *problem.Faults, at string) {
	f.Check(codeForm.MatchString(t.Code), at+"/code", codeRule)
	f.Text(at+"/name", t.Name, 1, maxName)
	f.Check(codeForm.MatchString(t.Metric), at+"/metric", codeRule)
}

func (p Policy) checkEntitlements(f *problem.Faults, at string) {
	f.Check(len(p.Entitlements) <= maxEntitlements, at, fmt.Sprintf("must hold at most %d codes", maxEntitlements))
	for code, quantity := range p.Entitlements {
		// The code came with the request, so the pointer must not hold it.
		f.Check(codeForm.MatchString(code), at, "has a code that is not in the form of codes: it "+codeRule)
		f.Range(at, quantity, 0, licensefile.MaxSequence)
	}
}

func (p Policy) checkLimit(f *problem.Faults, at string) {
	known := p.OverLimit == licensefile.OverLimitNotify || p.OverLimit == licensefile.OverLimitGrace ||
		p.OverLimit == licensefile.OverLimitBlock
	f.Check(known, at+"/over_limit", "must be notify, grace or block")
	least := int64(0)
	if p.OverLimit == licensefile.OverLimitGrace {
		least = 1
	}
	f.Range(at+"/over_limit_grace_days", p.OverLimitGraceDays, least, maxDays)
	f.Range(at+"/warn_percent", p.WarnPercent, 0, 100)
}

func (p Policy) checkTimes(f *problem.Faults, at string) {
	f.Range(at+"/refresh_every_hours", p.RefreshEveryHours, 1, maxHours)
	f.Range(at+"/report_every_hours", p.ReportEveryHours, 1, maxHours)
	f.Range(at+"/check_in_every_hours", p.CheckInEveryHours, 1, maxHours)
	f.Range(at+"/lease_days", p.LeaseDays, 0, maxDays)
	f.Range(at+"/offline_lease_days", p.OfflineLeaseDays, 0, maxDays)
	f.Range(at+"/expiry_grace_days", p.ExpiryGraceDays, 0, maxDays)
	f.Range(at+"/expiring_within_days", p.ExpiringWithinDays, 0, maxDays)
	f.Range(at+"/renewal_window_days", p.RenewalWindowDays, 0, maxDays)
	// A lease that ends before the next contact would stop healthy installations.
	f.Check(p.LeaseDays <= 0 || p.Lease() > p.RefreshEvery() && p.Lease() > p.CheckInEvery(),
		at+"/lease_days", "must be longer than the refresh and check-in intervals")
	p.checkSilence(f, at)
}

// checkSilence holds the ladder of M6 in order: ok, warning, disabled, deactivated.
func (p Policy) checkSilence(f *problem.Faults, at string) {
	f.Range(at+"/warn_after_days", p.WarnAfterDays, 0, maxDays)
	f.Range(at+"/disable_after_days", p.DisableAfterDays, 0, maxDays)
	if p.Model != Metered {
		f.Check(p.WarnAfterDays == 0, at+"/warn_after_days", "must be 0 on a prepaid plan")
		f.Check(p.DisableAfterDays == 0, at+"/disable_after_days", "must be 0 on a prepaid plan")
		return
	}
	f.Check(p.WarnAfterDays == 0 || p.DisableAfterDays == 0 || p.WarnAfterDays < p.DisableAfterDays,
		at+"/disable_after_days", "must be greater than warn_after_days")
	f.Check(p.LeaseDays == 0 || max(p.WarnAfterDays, p.DisableAfterDays) < p.LeaseDays,
		at+"/lease_days", "must be greater than warn_after_days and disable_after_days")
}

func (b Billing) check(f *problem.Faults, at string) {
	f.Check(b.Rule == BillNothing || b.Rule == BillActiveDays, at+"/rule", "must be none or active_days")
	f.Range(at+"/more_than_days", b.MoreThanDays, 0, 30)
	f.Check(len(b.PriceClasses) <= maxClasses, at+"/price_classes", fmt.Sprintf("must hold at most %d classes", maxClasses))
	f.Check(b.DefaultClass == "" || codeForm.MatchString(b.DefaultClass), at+"/default_class", codeRule)
	f.Check(len(b.PriceClasses) == 0 || b.DefaultClass != "", at+"/default_class", "must say what counts when no price class matches")
	for i, class := range b.PriceClasses {
		here := fmt.Sprintf("%s/price_classes/%d", at, i)
		f.Check(codeForm.MatchString(class.Class), here+"/class", codeRule)
		f.Check(len(class.OperatingSystems) > 0 && len(class.OperatingSystems) <= maxClasses, here+"/operating_systems",
			fmt.Sprintf("must hold 1 to %d texts", maxClasses))
		for j, text := range class.OperatingSystems {
			f.Text(fmt.Sprintf("%s/operating_systems/%d", here, j), text, 1, maxName)
		}
	}
}

func (k KeyFormat) check(f *problem.Faults, at string) {
	switch k.Style {
	case KeyDigits16:
		f.Check(k.Groups == 0, at+"/groups", "must be 0 with digits16")
		f.Check(k.Length == 0, at+"/length", "must be 0 with digits16")
	case KeyGroups:
		f.Range(at+"/groups", k.Groups, 1, maxKeyLength)
		f.Range(at+"/length", k.Length, 1, maxKeyLength)
		inBounds := k.Groups >= 1 && k.Groups <= maxKeyLength && k.Length >= 1 && k.Length <= maxKeyLength
		total := k.Groups * k.Length
		f.Check(!inBounds || total >= minGroupedKey && total <= maxKeyLength, at,
			fmt.Sprintf("must make keys of %d to %d characters", minGroupedKey, maxKeyLength))
	default:
		f.Check(false, at+"/style", "must be digits16 or groups")
	}
}

func knownModel(m Model) bool {
	return m == Subscription || m == Perpetual || m == Metered || m == Trial
}
