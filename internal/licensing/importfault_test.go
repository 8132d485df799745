package licensing_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// places gives where faults are and of which kind, as file:line:column:code.
func places(faults []licensing.ImportFault) []string {
	var found []string
	for _, f := range faults {
		found = append(found, fmt.Sprintf("%s:%d:%s:%s", f.File, f.Line, f.Column, f.Code))
	}
	return found
}

func TestEveryFaultOfARowIsToldWithItsPlace(t *testing.T) {
	const (
		organizations = "reference,name,kind,country\n"
		people        = "email,organization,role,first_name,language\n"
		subscriptions = "reference,organization,product,plan,quantity,starts_on,ends_on,maintenance_ends_on,offline_allowed\n"
		keys          = "subscription,key,kind,name,quota,mode,ends_on,issued_on\n"
		activations   = "key,installation,activated_on,used,method,site\n"
		good          = "N-1,,fleet-manager,PLAN,10,2026-01-01,2027-01-01,,\n"
		blocking      = "N-1,,fleet-manager,BLOCK,10,2026-01-01,2027-01-01,,\n"
	)
	tests := []struct {
		name  string
		files licensing.ImportFiles
		want  []string
	}{
		{"nothing", licensing.ImportFiles{}, nil},
		{"only column names", licensing.ImportFiles{Organizations: organizations}, nil},
		{"an empty line", licensing.ImportFiles{Organizations: organizations + "\nN-1,New,,\n\n"}, nil},
		{"not UTF-8", licensing.ImportFiles{Organizations: organizations + "N-1,\xff,,\n"}, []string{"organizations:1::malformed"}},
		{"a zero byte", licensing.ImportFiles{Organizations: organizations + "N-1,\x00,,\n"}, []string{"organizations:1::malformed"}},
		{"a quote inside a value", licensing.ImportFiles{Organizations: organizations + "N-1,New,,\nN-2,a\"b,,\n"}, []string{"organizations:3::malformed"}},
		{"a quote that is never closed", licensing.ImportFiles{Organizations: organizations + "N-1,\"New,,\n"}, []string{"organizations:2::malformed"}},
		{"text after a quote", licensing.ImportFiles{Organizations: organizations + "N-1,\"New\"er,,\n"}, []string{"organizations:2::malformed"}},
		{"a value too few", licensing.ImportFiles{Organizations: organizations + "N-1,\"New\nline\",,\nN-2,New,\n"}, []string{"organizations:4::malformed"}},
		{"a value too many", licensing.ImportFiles{Organizations: organizations + "N-1,New,,,\n"}, []string{"organizations:2::malformed"}},
		{"an unknown column and a missing one", licensing.ImportFiles{Organizations: "reference,title\n"}, []string{"organizations:1:column 2:columns", "organizations:1:name:columns"}},
		{"a column twice", licensing.ImportFiles{Organizations: "reference,name,name\n"}, []string{"organizations:1:column 3:columns"}},
		{
			"an organization without anything",
			licensing.ImportFiles{Organizations: organizations + ",,buyer,Swiss\n"},
			[]string{"organizations:2:reference:missing", "organizations:2:kind:invalid", "organizations:2:name:invalid", "organizations:2:country:invalid"},
		},
		{"an organization twice", licensing.ImportFiles{Organizations: organizations + "N-1,New,,\nN-1,New,,\n"}, []string{"organizations:3:reference:duplicate"}},
		{
			"an organization that is stored otherwise",
			licensing.ImportFiles{Organizations: organizations + "C-1,Red Harbor,customer,DE\n"},
			[]string{"organizations:2:name:differs", "organizations:2:country:differs"},
		},
		{
			"a mistyped person",
			licensing.ImportFiles{People: people + "ada,C-1,boss,,de\n"},
			[]string{"people:2:email:invalid", "people:2:language:invalid", "people:2:role:invalid"},
		},
		{"a person of nowhere", licensing.ImportFiles{People: people + "new@example.com,C-9,,,\n"}, []string{"people:2:organization:unknown"}},
		{"a role without an organization", licensing.ImportFiles{People: people + "new@example.com,,member,,\n"}, []string{"people:2:role:invalid"}},
		{"a person twice", licensing.ImportFiles{People: people + "new@example.com,C-1,,,\nNEW@example.com,C-1,,,\n"}, []string{"people:3:email:duplicate"}},
		{"a person with two names", licensing.ImportFiles{People: people + "new@example.com,C-1,,Jo,\nnew@example.com,C-2,,Joe,\n"}, []string{"people:3:first_name:differs"}},
		{"a member with another role", licensing.ImportFiles{People: people + "ada@example.com,C-1,member,,\n"}, []string{"people:2:role:differs"}},
		{"guests without an organization", licensing.ImportFiles{Invite: true, People: people + "new@example.com,,,,\n"}, []string{"people:2:organization:missing"}},
		{
			"a subscription without anything",
			licensing.ImportFiles{Subscriptions: subscriptions + ",,,,,,,,\n"},
			[]string{"subscriptions:2:reference:missing", "subscriptions:2:starts_on:missing", "subscriptions:2:product:missing", "subscriptions:2:plan:missing"},
		},
		{
			"a subscription of values that are none",
			licensing.ImportFiles{Subscriptions: subscriptions + "N-1,C-9,fleet-manager,none,1e3,soon,never,later,maybe\n"},
			[]string{
				"subscriptions:2:organization:unknown", "subscriptions:2:quantity:malformed", "subscriptions:2:starts_on:malformed", "subscriptions:2:ends_on:malformed",
				"subscriptions:2:maintenance_ends_on:malformed", "subscriptions:2:offline_allowed:malformed", "subscriptions:2:plan:unknown",
			},
		},
		{
			"a subscription against its plan",
			licensing.ImportFiles{Subscriptions: subscriptions + "N-1,,fleet-manager,PLAN,0,2026-01-01,2025-01-01,2026-01-01,\n"},
			[]string{"subscriptions:2:quantity:invalid", "subscriptions:2:ends_on:invalid", "subscriptions:2:maintenance_ends_on:invalid"},
		},
		{"a subscription twice", licensing.ImportFiles{Subscriptions: subscriptions + good + good}, []string{"subscriptions:3:reference:duplicate"}},
		{
			"a subscription that is stored otherwise",
			licensing.ImportFiles{Subscriptions: subscriptions + "S-1,C-2,fleet-manager,PLAN,90,2025-06-01,2027-05-31,,no\n"},
			[]string{"subscriptions:2:organization:differs", "subscriptions:2:quantity:differs", "subscriptions:2:offline_allowed:differs"},
		},
		{"a key of nothing", licensing.ImportFiles{Keys: keys + "N-9,NEW-0001,,,,,,\n"}, []string{"keys:2:subscription:unknown"}},
		{"a key of no form", licensing.ImportFiles{Keys: keys + "S-1,K!,box,,,,,noon\n"}, []string{"keys:2:kind:invalid", "keys:2:issued_on:malformed", "keys:2:key:invalid"}},
		{
			"a key twice, differently written",
			licensing.ImportFiles{Subscriptions: subscriptions + good, Keys: keys + "N-1,NEW-0001,,,,,,\nN-1,new 0001,,,,,,\n"},
			[]string{"keys:3:key:duplicate"},
		},
		{"a second primary key", licensing.ImportFiles{Keys: keys + "S-1,NEW-0001,,,,,,\n"}, []string{"keys:2:subscription:duplicate"}},
		{
			"a primary key with a quota",
			licensing.ImportFiles{Subscriptions: subscriptions + good, Keys: keys + "N-1,NEW-0001,primary,Ops,5,reserved,,\n"},
			[]string{"keys:2:name:invalid", "keys:2:quota:invalid", "keys:2:mode:invalid"},
		},
		{"a sublicense without a quota", licensing.ImportFiles{Keys: keys + "S-1,NEW-0001,sublicense,Ops,,,,\n"}, []string{"keys:2:quota:missing"}},
		{"a sublicense that ends too late", licensing.ImportFiles{Keys: keys + "S-1,NEW-0001,sublicense,,5,,2028-01-01,\n"}, []string{"keys:2:name:invalid", "keys:2:ends_on:invalid"}},
		{"more reserved than owned", licensing.ImportFiles{
			Subscriptions: subscriptions + good, Keys: keys + "N-1,NEW-0001,sublicense,A,6,reserved,,\nN-1,NEW-0002,sublicense,B,5,reserved,,\n",
		}, []string{"keys:3:quota:exceeds"}},
		{"more reserved than the stored pool has", licensing.ImportFiles{Keys: keys + "S-1,NEW-0001,sublicense,A,31,reserved,,\n"}, []string{"keys:2:quota:exceeds"}},
		{
			"a cap where only reserved ones may be",
			licensing.ImportFiles{Subscriptions: subscriptions + blocking, Keys: keys + "N-1,NEW-0001,sublicense,A,6,dynamic,,\n"},
			[]string{"keys:2:mode:exceeds"},
		},
		{
			"a key that is stored otherwise",
			licensing.ImportFiles{Keys: keys + "S-1,OLD-0002-KEY,sublicense,Dev,31,dynamic,,\n"},
			[]string{"keys:2:name:differs", "keys:2:quota:differs", "keys:2:mode:differs", "keys:2:ends_on:differs"},
		},
		{"a key that is stored elsewhere", licensing.ImportFiles{Keys: keys + "S-2,OLD-0001-KEY,,,,,,\n"}, []string{"keys:2:subscription:differs"}},
		{"an activation of nothing", licensing.ImportFiles{Activations: activations + "NEW-0001,Proxy,2026-01-01,,,\n"}, []string{"activations:2:key:unknown"}},
		{
			"an activation of values that are none",
			licensing.ImportFiles{Activations: activations + "OLD-0003-KEY,,tomorrow,-1,post,\n"},
			[]string{"activations:2:installation:missing", "activations:2:activated_on:malformed", "activations:2:used:malformed", "activations:2:method:invalid"},
		},
		{"an activation in the future", licensing.ImportFiles{Activations: activations + "OLD-0003-KEY,Lab,2027-01-01,,,\n"}, []string{"activations:2:activated_on:invalid"}},
		{
			"an activation twice",
			licensing.ImportFiles{Activations: activations + "OLD-0003-KEY,Lab,2026-01-01,,,\nOLD-0003-KEY,Lab,2026-01-02,,,\n"},
			[]string{"activations:3:installation:duplicate"},
		},
		{
			"an activation more than the key has",
			licensing.ImportFiles{Activations: activations + "OLD-0003-KEY,Lab,2026-01-01,,,\nOLD-0003-KEY,Attic,2026-01-02,,,\n"},
			[]string{"activations:3:key:exceeds"},
		},
		{
			"an activation that is stored otherwise",
			licensing.ImportFiles{Activations: activations + "OLD-0001-KEY,Proxy,2025-06-03,41,offline,Harbor\n"},
			[]string{"activations:2:activated_on:differs", "activations:2:used:differs", "activations:2:method:differs"},
		},
		{"an activation of a key that nobody registered", licensing.ImportFiles{
			Subscriptions: subscriptions + good, Keys: keys + "N-1,NEW-0001,,,,,,\n", Activations: activations + "NEW-0001,Proxy,2026-01-01,,,\n",
		}, []string{"activations:2:key:invalid"}},
		{"rows that name a row with a fault", licensing.ImportFiles{
			Organizations: organizations + "X-1,,,\n", People: people + "new@example.com,X-1,,,\n",
			Subscriptions: subscriptions + "N-1,X-1,fleet-manager,PLAN,x,2026-01-01,2027-01-01,,\n",
			Keys:          keys + "N-1,NEW-0001,,,,,,\n", Activations: activations + "NEW-0001,Proxy,2026-01-01,,,\n",
		}, []string{"organizations:2:name:invalid", "subscriptions:2:quantity:malformed"}},
	}
	onEachEngine(t, func(t *testing.T, p *publisher) {
		plan := p.plan(nil)
		block := p.planCode(p.plan(func(policy *catalog.Policy) { policy.OverLimit = licensefile.OverLimitBlock }))
		p.imported(p.migration(plan))
		for _, tt := range tests {
			tt.files.Subscriptions = strings.NewReplacer("PLAN", p.planCode(plan), "BLOCK", block).Replace(tt.files.Subscriptions)
			told := p.dryRun(tt.files)
			if diff := cmp.Diff(tt.want, places(told.Faults)); diff != "" {
				t.Errorf("%s (-want +got):\n%s%+v", tt.name, diff, told.Faults)
			}
			_, err := p.Import(t.Context(), p.actor, tt.files, false)
			if refused := problem.Is(err, problem.ImportRefused); refused != (len(tt.want) > 0) {
				t.Errorf("%s: the import itself: %v", tt.name, err)
			}
		}
	})
}

func TestFaultsNeverHoldWhatWasSent(t *testing.T) {
	p := newPublisher(t, databaseOf(t))
	secret := "SECRET0VALUE"
	row := strings.Repeat(secret+",", 8) + secret + "\n"
	told := p.dryRun(licensing.ImportFiles{
		Organizations: "reference,name,kind,address,phone,country," + secret + ",a,b\n" + row,
		Subscriptions: "reference,organization,product,plan,quantity,starts_on,ends_on,maintenance_ends_on,offline_allowed\n" + row,
	})
	for _, f := range told.Faults {
		if strings.Contains(f.Message+f.Column, secret) {
			t.Errorf("a fault repeats a value: %+v", f)
		}
	}
	if len(told.Faults) == 0 {
		t.Error("no fault at all")
	}
}

// TestFilesThatAreNoTablesCostLittle sends what makes readers of CSV work hard.
func TestFilesThatAreNoTablesCostLittle(t *testing.T) {
	const mega = 1 << 20
	p := newPublisher(t, databaseOf(t))
	header := "reference,name\n"
	tests := []struct {
		name, text string
		want       []string
	}{
		{"a million columns", strings.Repeat("a,", mega) + "\n", []string{"organizations:1::malformed"}},
		{"a million values", header + strings.Repeat("a,", mega) + "\n", []string{"organizations:2::malformed"}},
		{"a value of megabytes", header + strings.Repeat("a", 9*mega), []string{"organizations:2::malformed"}},
		{"a quoted value of megabytes", header + `"` + strings.Repeat("a", 9*mega) + `",b`, []string{"organizations:2::malformed"}},
		{"quotes of quotes", header + strings.Repeat(`"`, 9*mega+1), []string{"organizations:2::malformed"}},
		{"a million empty lines", header + strings.Repeat("\n", 9*mega), nil},
		{"more rows than an import may have", header + strings.Repeat("a,b\n", 100_001), []string{"organizations:100002::too_many"}},
	}
	for _, tt := range tests {
		files := licensing.ImportFiles{Organizations: tt.text}
		cost := testing.AllocsPerRun(1, func() { _, _ = p.Import(t.Context(), p.actor, files, true) })
		if told := p.dryRun(files); cmp.Diff(tt.want, places(told.Faults)) != "" {
			t.Errorf("%s: %v, want %v", tt.name, places(told.Faults), tt.want)
		}
		if cost > 500_000 {
			t.Errorf("%s: %.0f allocations", tt.name, cost)
		}
	}
	if _, err := p.Import(t.Context(), p.actor, licensing.ImportFiles{Keys: strings.Repeat("a", 10*mega+1)}, true); !problem.Is(err, problem.RequestTooLarge) {
		t.Errorf("eleven megabytes: %v, want request_too_large", err)
	}
}
