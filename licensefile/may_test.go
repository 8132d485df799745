package licensefile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/licethq/licet/licensefile"
)

// operations are one of each sort, and one that nobody knows.
var operations = []licensefile.Operation{
	licensefile.Enroll, licensefile.Activate, licensefile.CreateConfigurationProfile, licensefile.EditConfigurationProfile,
	licensefile.VirtualMachineItem, licensefile.DiskEncryptionItem, licensefile.PushPolicy, "launch_rocket",
}

// The table of doc.go, line by line.
func TestMay(t *testing.T) {
	const allow, warn, refuse = licensefile.Allow, licensefile.Warn, licensefile.Refuse
	over := func(p licensefile.OverLimit, used int64) licensefile.Row {
		r := prepaid()
		r.Policy.OverLimit, r.Policy.OverLimitGrace, r.Used = p, licensefile.SecondsOf(7*day), used
		return r
	}
	graced := func(since time.Duration, used int64) licensefile.Row {
		r := over(licensefile.OverLimitGrace, used)
		r.OverSince = ptr(issued.Add(-since))
		return r
	}
	with := func(r licensefile.Row, edit func(*licensefile.Row)) licensefile.Row {
		edit(&r)
		return r
	}
	suspend := func(r *licensefile.Row) { r.Suspended = true }
	end := func(r *licensefile.Row) { r.End = &issued }
	lapse := func(r *licensefile.Row) { r.Expires = issued }
	silence := func(by time.Duration) func(*licensefile.Row) {
		return func(r *licensefile.Row) { r.LastContact = issued.Add(-14*day - by) }
	}
	for _, c := range []struct {
		name                   string
		row                    licensefile.Row
		enroll, activate, task licensefile.Verdict
		code                   string // of what is not allowed
	}{
		{"never activated", licensefile.Row{}, refuse, allow, refuse, licensefile.CodeNotActivated},
		{"deactivated", deactivated(prepaid()), refuse, allow, refuse, licensefile.CodeNotActivated},
		{"suspended", with(prepaid(), suspend), refuse, refuse, refuse, licensefile.CodeSubscriptionSuspended},
		{"suspended and ended", with(with(prepaid(), suspend), end), refuse, refuse, refuse, licensefile.CodeSubscriptionSuspended},
		{"silent for exactly as long as allowed", with(metered(), silence(0)), allow, allow, allow, ""},
		{"silent for longer", with(metered(), silence(1)), refuse, allow, refuse, licensefile.CodeSilentTooLong},
		{"silent, and its lease over", with(with(metered(), silence(20*day)), lapse), refuse, allow, refuse, licensefile.CodeSilentTooLong},
		{"warning", with(metered(), func(r *licensefile.Row) { r.LastContact = issued.Add(-8 * day) }), allow, allow, allow, ""},
		{"ended", with(prepaid(), end), refuse, refuse, warn, licensefile.CodeSubscriptionExpired},
		{"ended a moment later", with(prepaid(), func(r *licensefile.Row) { r.End = ptr(issued.Add(1)) }), allow, allow, allow, ""},
		{"ended and over", with(over(licensefile.OverLimitNotify, 11), end), refuse, refuse, warn, licensefile.CodeSubscriptionExpired},
		{"lease over", with(prepaid(), lapse), refuse, allow, warn, licensefile.CodeLeaseExpired},
		{"lease over and ended", with(with(prepaid(), lapse), end), refuse, refuse, warn, licensefile.CodeSubscriptionExpired},

		{"notify, below", over(licensefile.OverLimitNotify, 9), allow, allow, allow, ""},
		{"notify, at the maximum", over(licensefile.OverLimitNotify, 10), warn, allow, allow, licensefile.CodeLimitReached},
		{"notify, over", over(licensefile.OverLimitNotify, 11), warn, allow, warn, licensefile.CodeOverLimit},
		{"unknown policy, over", over("later", 11), warn, allow, warn, licensefile.CodeOverLimit},
		{"block, below", over(licensefile.OverLimitBlock, 9), allow, allow, allow, ""},
		{"block, at the maximum", over(licensefile.OverLimitBlock, 10), refuse, allow, allow, licensefile.CodeLimitReached},
		{"block, over", over(licensefile.OverLimitBlock, 11), refuse, allow, warn, licensefile.CodeOverLimit},
		{"grace, at the maximum", over(licensefile.OverLimitGrace, 10), warn, allow, allow, licensefile.CodeLimitReached},
		{"grace, over since now", over(licensefile.OverLimitGrace, 11), warn, allow, warn, licensefile.CodeOverLimit},
		{"grace, just before its end", graced(7*day-1, 11), warn, allow, warn, licensefile.CodeOverLimit},
		{"grace, at its end", graced(7*day, 11), refuse, refuse, refuse, licensefile.CodeOverLimitSuspended},
		{"grace, at its end, but at the maximum", graced(7*day, 10), warn, allow, allow, licensefile.CodeLimitReached},
		{"grace ended, and the subscription too", with(graced(9*day, 11), end), refuse, refuse, refuse, licensefile.CodeOverLimitSuspended},
		{"unlimited", with(over(licensefile.OverLimitBlock, 1<<40), func(r *licensefile.Row) { r.Maximum = nil }), allow, allow, allow, ""},
		{"nothing owned, nothing used", with(over(licensefile.OverLimitBlock, 0), func(r *licensefile.Row) { r.Maximum = ptr(int64(0)) }), refuse, allow, allow, licensefile.CodeLimitReached},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, op := range operations {
				want := c.task
				switch op {
				case licensefile.Enroll:
					want = c.enroll
				case licensefile.Activate:
					want = c.activate
				}
				code := map[bool]string{true: "", false: c.code}[want == allow]
				got := licensefile.May(op, c.row, issued)
				if got.Verdict != want || got.Code != code {
					t.Errorf("%s: got %s %q, want %s %q", op, got.Verdict, got.Code, want, code)
				}
				if explained := got.Message != "" && len(got.Remedies) > 0; explained != (want != allow) {
					t.Errorf("%s: got message %q and remedies %v with %s", op, got.Message, got.Remedies, got.Verdict)
				}
			}
		})
	}
}

func TestMayTellsTheNumbersAndWhatHelps(t *testing.T) {
	sublicense := func(unused *int64) licensefile.Row {
		r := prepaid()
		r.KeyKind, r.Unused, r.Used = licensefile.KeyKindSublicense, unused, 12
		return r
	}
	primary := prepaid()
	primary.Used = 12
	full := prepaid()
	full.Used = 10
	for _, c := range []struct {
		name     string
		op       licensefile.Operation
		row      licensefile.Row
		message  string
		remedies []string
	}{
		{
			"primary key, task", licensefile.PushPolicy, primary,
			"12 licenses are in use, 10 are allowed. Remove 2 devices. Or: Buy 2 licenses more.",
			[]string{licensefile.RemedyRemoveDevices, licensefile.RemedyBuy},
		},
		{
			"primary key, one more device", licensefile.Enroll, full,
			"All 10 licenses are in use. Remove 1 device. Or: Buy 1 license more.",
			[]string{licensefile.RemedyRemoveDevices, licensefile.RemedyBuy},
		},
		{
			"sublicense, some unused", licensefile.PushPolicy, sublicense(ptr(int64(5))),
			"12 licenses are in use, 10 are allowed. Remove 2 devices. Or: Add unused licenses to the sublicense: 5 available.",
			[]string{licensefile.RemedyRemoveDevices, licensefile.RemedyAddUnused},
		},
		{
			"sublicense, none unused", licensefile.PushPolicy, sublicense(ptr(int64(0))),
			"12 licenses are in use, 10 are allowed. Remove 2 devices.",
			[]string{licensefile.RemedyRemoveDevices},
		},
		{
			"sublicense, unused unknown", licensefile.PushPolicy, sublicense(nil),
			"12 licenses are in use, 10 are allowed. Remove 2 devices. Or: Add unused licenses to the sublicense.",
			[]string{licensefile.RemedyRemoveDevices, licensefile.RemedyAddUnused},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := licensefile.May(c.op, c.row, issued)
			if got.Message != c.message {
				t.Errorf("message: got %q, want %q", got.Message, c.message)
			}
			var codes []string
			for _, r := range got.Remedies {
				codes = append(codes, r.Code)
			}
			if diff := cmp.Diff(c.remedies, codes); diff != "" {
				t.Errorf("remedies (-want +got):\n%s", diff)
			}
			if got.Used != c.row.Used || *got.Maximum != 10 {
				t.Errorf("numbers: got %d of %d, want %d of 10", got.Used, *got.Maximum, c.row.Used)
			}
		})
	}
}

func TestMayTellsWhenTheGraceEnds(t *testing.T) {
	r := prepaid()
	r.Policy.OverLimit, r.Policy.OverLimitGrace = licensefile.OverLimitGrace, licensefile.SecondsOf(7*day)
	r.Used, r.OverSince = 11, ptr(issued.Add(-day))
	got := licensefile.May(licensefile.Enroll, r, issued)
	if got.Until == nil || !got.Until.Equal(issued.Add(6*day)) {
		t.Errorf("until: got %v, want %v", got.Until, issued.Add(6*day))
	}
}

// strictness orders the verdicts.
func strictness(v licensefile.Verdict) int {
	return strings.Index("allow warn  refuse", string(v))
}

func TestMayGetsNoLaxerAsTimePassesOrMoreIsUsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := anyRow(t)
		op := rapid.SampledFrom(operations).Draw(t, "operation")
		at := issued.Add(time.Duration(rapid.Int64Range(-300, 300).Draw(t, "at")) * time.Hour)
		now := licensefile.May(op, row, at)

		then := at.Add(time.Duration(rapid.Int64Range(0, 300).Draw(t, "later")) * time.Hour)
		if got := licensefile.May(op, row, then); strictness(got.Verdict) < strictness(now.Verdict) {
			t.Errorf("%s at %v, %s at %v", now.Verdict, at, got.Verdict, then)
		}
		more := row
		more.Used += rapid.Int64Range(0, 20).Draw(t, "more")
		if got := licensefile.May(op, more, at); strictness(got.Verdict) < strictness(now.Verdict) {
			t.Errorf("%s with %d used, %s with %d", now.Verdict, row.Used, got.Verdict, more.Used)
		}
		if now.Verdict != licensefile.Allow && licensefile.Sentence(now.Code) == "" {
			t.Errorf("code %q is not in the list of codes", now.Code)
		}
	})
}

func TestUnlimitedRowIsNeverStoppedByNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := anyRow(t)
		row.Maximum = nil
		got := licensefile.May(rapid.SampledFrom(operations).Draw(t, "operation"), row, issued)
		switch got.Code {
		case licensefile.CodeOverLimit, licensefile.CodeLimitReached, licensefile.CodeOverLimitSuspended:
			t.Errorf("got %s for an unlimited row", got.Code)
		}
	})
}
