package catalog

import "github.com/licethq/licet/licensefile"

// DefaultPolicy gives the rules that a plan of a model starts from. What is
// licensed (Type) has no default. An unknown model gets what all models share.
func DefaultPolicy(model Model) Policy {
	p := Policy{
		Model:              model,
		ActivationsPerKey:  1,
		OverLimit:          licensefile.OverLimitNotify,
		OverLimitGraceDays: 7,
		WarnPercent:        90,
		RefreshEveryHours:  24,
		ReportEveryHours:   7 * 24,
		CheckInEveryHours:  24,
		LeaseDays:          30,
		ExpiringWithinDays: 60,
		RenewalWindowDays:  60,
		Billing:            Billing{Rule: BillNothing},
		OnFork:             ForkNotify,
		KeyFormat:          KeyFormat{Style: KeyGroups, Groups: 5, Length: 5},
	}
	switch model {
	case Perpetual:
		p.Maintenance = true
	case Metered:
		p.WarnAfterDays = 7
		p.DisableAfterDays = 14
		p.Billing = Billing{Rule: BillActiveDays, MoreThanDays: 14}
		p.KeyFormat = KeyFormat{Style: KeyDigits16}
	case Trial:
		// A trial is bought anew, not renewed.
		p.RenewalWindowDays = 0
	}
	return p
}
