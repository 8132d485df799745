package licensing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// file gives the request of an installation as a file.
func (i *installation) file(r licensefile.Request) []byte {
	i.p.t.Helper()
	return licensefile.Armor(licensefile.ArmorRequest, i.seal(r))
}

// seen is what an inspection comes to.
type seen struct {
	Effect  licensing.Effect
	Refusal problem.Code
	Next    licensing.NextStep
}

func (p *publisher) inspect(actor identity.Actor, file []byte) (licensing.Inspection, seen) {
	p.t.Helper()
	before := p.count(`SELECT COUNT(*) FROM event`)
	i, err := p.InspectFile(p.t.Context(), actor, file)
	if err != nil {
		p.t.Fatal(err)
	}
	if after := p.count(`SELECT COUNT(*) FROM event`); after != before {
		p.t.Fatalf("inspecting recorded %d events", after-before)
	}
	return i, seen{i.Effect, codeOf(i.Refusal), i.Next}
}

func TestInspectingSaysWhatTakingAFileWouldDo(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		admin := p.administrator()
		s, second := p.sell(p.plan(nil), offlineToo), p.sell(p.plan(nil), offlineToo)
		closedToFiles, boxed := p.sell(p.plan(nil), nil), p.boxed()
		i := p.install()
		activate := i.file(i.request(licensefile.KindActivate, withKey(s.key), offline))
		other := p.install()
		steps := []struct {
			name string
			file func() []byte
			want seen
		}{
			{"a first activation", func() []byte { return activate }, seen{Effect: licensing.WouldActivate}},
			{"after it was taken", func() []byte { p.take(i, admin, activate); return activate }, seen{Effect: licensing.WouldRepeat}},
			{"a refresh", func() []byte { return i.clone().file(i.request(licensefile.KindRefresh, offline)) }, seen{Effect: licensing.WouldRefresh}},
			{"usage", func() []byte { return i.clone().file(i.request(licensefile.KindReport, offline)) }, seen{Effect: licensing.WouldReport}},
			{"another key", func() []byte {
				return i.clone().file(i.request(licensefile.KindActivate, withKey(second.key), offline))
			}, seen{Effect: licensing.WouldMove}},
			{"an end", func() []byte { return i.clone().file(i.request(licensefile.KindDeactivate, offline)) }, seen{Effect: licensing.WouldDeactivate}},
			{"a question", func() []byte { return other.file(other.request(licensefile.KindPreview, withKey(s.key), offline)) }, seen{Effect: licensing.WouldPreview}},
			{
				"a key in use", func() []byte {
					return other.clone().file(other.request(licensefile.KindActivate, withKey(s.key), offline))
				},
				seen{"", problem.KeyInUse, licensing.StepDeactivate},
			},
			{
				"where offline is off", func() []byte {
					return other.clone().file(other.request(licensefile.KindActivate, withKey(closedToFiles.key), offline))
				},
				seen{"", problem.OfflineNotAllowed, licensing.StepAskOffline},
			},
			{
				"an unregistered key", func() []byte {
					return other.clone().file(other.request(licensefile.KindActivate, withKey(boxed.key), offline))
				},
				seen{"", problem.KeyNotRegistered, licensing.StepRegister},
			},
			{
				"an unknown row", func() []byte { return other.clone().file(other.request(licensefile.KindRefresh, offline)) },
				seen{"", problem.NotActivated, licensing.StepUseKey},
			},
			{"an old request", func() []byte {
				i.must(i.request(licensefile.KindRefresh, offline))
				return i.file(i.request(licensefile.KindRefresh, offline, func(r *licensefile.Request) { r.Sequence-- }))[:0]
			}, seen{"", problem.FileMalformed, licensing.StepOtherFile}},
			{"a row that ended", func() []byte {
				i.must(i.request(licensefile.KindDeactivate, offline))
				return i.clone().file(i.request(licensefile.KindRefresh, offline))
			}, seen{Effect: licensing.WouldTell}},
		}
		for _, c := range steps {
			if _, got := p.inspect(admin, c.file()); got != c.want {
				t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
			}
		}
	})
}

// take uploads a file for an installation, which takes the answer.
func (p *publisher) take(i *installation, actor identity.Actor, file []byte) {
	p.t.Helper()
	signed, err := p.TakeFile(p.t.Context(), actor, file, "")
	if err != nil {
		p.t.Fatal(err)
	}
	i.take(signed.Compact)
}

func TestWhatFilesThatAreNoRequestsAreCalled(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), offlineToo)
		i := p.install()
		signed := i.must(i.request(licensefile.KindActivate, withKey(s.key), offline))
		receipt := i.must(i.request(licensefile.KindReport, offline))
		request := i.clone().file(i.request(licensefile.KindRefresh, offline))
		forged := []byte(strings.Replace(string(request), "A", "B", 1))
		elsewhere := i.clone().file(i.request(licensefile.KindRefresh, offline, func(r *licensefile.Request) { r.Audience = "urn:uuid:00000000-0000-4000-8000-000000000000" }))
		for name, c := range map[string]struct {
			file []byte
			form licensefile.Armored
			want problem.Code
		}{
			"a license":         {licensefile.Armor(signed.Form, signed.Compact), licensefile.ArmorLicense, problem.NotARequest},
			"a receipt":         {licensefile.Armor(receipt.Form, receipt.Compact), licensefile.ArmorReceipt, problem.NotARequest},
			"a letter":          {[]byte("Dear Sir or Madam"), "", problem.FileMalformed},
			"nothing":           {nil, "", problem.FileMalformed},
			"another publisher": {elsewhere, licensefile.ArmorRequest, problem.WrongPublisher},
		} {
			t.Run(name, func(t *testing.T) {
				found, got := p.inspect(p.person(), c.file)
				if found.Form != c.form || got.Refusal != c.want || got.Next != licensing.StepOtherFile {
					t.Errorf("got %q and %+v, want %q and %s", found.Form, got, c.form, c.want)
				}
				if _, err := p.TakeFile(t.Context(), p.person(), c.file, ""); codeOf(err) != c.want {
					t.Errorf("taking it: %v, want %s", err, c.want)
				}
			})
		}
		if found, got := p.inspect(p.person(), forged); got.Refusal == "" || found.Request != nil {
			t.Errorf("a forged request: %+v", got)
		}
	})
}

func TestAnInspectionShowsStrangersWhatStrangersLearn(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), offlineToo)
		key := p.keyOf(s)
		i := p.install()
		i.must(i.request(licensefile.KindActivate, withKey(s.key), offline, i.using(7)))
		file := i.clone().file(i.request(licensefile.KindActivate, withKey(s.key), offline))
		foreign := p.member(p.organization("Other"), identity.AccountAdministrator)
		type shown struct{ Organization, Row bool }
		for name, c := range map[string]struct {
			actor identity.Actor
			want  shown
		}{
			"account administrator":                 {p.administrator(), shown{true, true}},
			"license administrator with the key":    {p.member(p.org, identity.LicenseAdministrator, key), shown{true, true}},
			"license administrator without the key": {p.member(p.org, identity.LicenseAdministrator), shown{true, false}},
			"member":                                {p.member(p.org, identity.Member), shown{true, false}},
			"auditor":                               {staff(identity.Auditor), shown{true, true}},
			"administrator elsewhere":               {foreign, shown{}},
			"person":                                {p.person(), shown{}},
		} {
			t.Run(name, func(t *testing.T) {
				found, _ := p.inspect(c.actor, file)
				v := found.Preview
				if found.Request.About.HostName != "proxy-1" || v.Maximum == nil || *v.Maximum != 100 || !v.InUse || v.Product == "" {
					t.Errorf("everybody sees %+v and %+v", found.Request, v)
				}
				if strings.Contains(found.Masked(), s.key) || !strings.HasSuffix(found.Masked(), s.key[len(s.key)-4:]) {
					t.Errorf("the key is shown as %s", found.Masked())
				}
				knows := v.Organization != "" && v.Used != nil && v.Remaining != nil && v.HostName != ""
				nothing := v.Organization == "" && v.Used == nil && v.Remaining == nil && v.HostName == "" && v.Site == "" && v.Key == ""
				if got := (shown{knows, found.Row != nil}); got != c.want || knows == nothing {
					t.Errorf("got %+v of %+v, want %+v", got, v, c.want)
				}
			})
		}
	})
}

func TestWhoeverIsSignedInMayCarryAFile(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		for name, c := range map[string]struct {
			actor identity.Actor
			want  problem.Code
		}{
			"person": {p.person(), ""}, "member elsewhere": {p.member(p.organization("Other"), identity.Member), ""},
			"support": {staff(identity.Support), ""}, "auditor": {staff(identity.Auditor), problem.Forbidden},
			"nobody": {identity.Actor{}, problem.Unauthenticated},
		} {
			s := p.sell(p.plan(nil), offlineToo)
			i := p.install()
			_, err := p.TakeFile(t.Context(), c.actor, i.file(i.request(licensefile.KindActivate, withKey(s.key), offline)), "")
			if codeOf(err) != c.want {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
		}
		if _, err := p.InspectFile(t.Context(), identity.Actor{}, nil); !problem.Is(err, problem.Unauthenticated) {
			t.Errorf("nobody inspects: %v", err)
		}
	})
}

func TestAnUploadRegistersTheKeyFirst(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		boxed := p.sell(p.plan(nil), func(n *licensing.NewSubscription) { n.OrganizationID, n.OfflineAllowed = "", ptr(true) })
		i := p.install()
		file := i.file(i.request(licensefile.KindActivate, withKey(boxed.key), offline))
		foreign := p.member(p.organization("Other"), identity.AccountAdministrator)
		for name, c := range map[string]struct {
			actor identity.Actor
			want  problem.Code
		}{
			"administrator of another organization": {foreign, problem.NotFound},
			"license administrator":                 {p.member(p.org, identity.LicenseAdministrator), problem.Forbidden},
			"support":                               {staff(identity.Support), problem.Forbidden},
		} {
			if _, err := p.TakeFile(t.Context(), c.actor, file, p.org); codeOf(err) != c.want {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
		if n := p.events("key.registered"); n != 0 {
			t.Fatalf("%d registrations by those who may not", n)
		}
		forged := []byte(strings.Replace(string(file), "A", "B", 1))
		if _, err := p.TakeFile(t.Context(), p.administrator(), forged, p.org); err == nil || p.events("key.registered") != 0 {
			t.Errorf("a forged file registered: %v", err)
		}
		signed, err := p.TakeFile(t.Context(), p.administrator(), file, p.org)
		if err != nil {
			t.Fatal(err)
		}
		i.take(signed.Compact)
		if n := p.events("key.registered"); n != 1 || p.row(boxed).Activation.Method != licensefile.Offline {
			t.Errorf("%d registrations, row %+v", n, p.row(boxed).Activation)
		}
		refresh := i.file(i.request(licensefile.KindRefresh, offline))
		if _, err := p.TakeFile(t.Context(), p.administrator(), refresh, p.org); !problem.Is(err, problem.ValidationFailed) {
			t.Errorf("registering by a file without a key: %v, want validation_failed", err)
		}
	})
}

func TestAnInspectionLeavesNoTrace(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), offlineToo)
		i := p.install()
		i.must(i.request(licensefile.KindActivate, withKey(s.key), offline, i.using(1)))
		before := p.row(s)
		p.clock.advance(time.Hour)
		p.inspect(p.administrator(), i.clone().file(i.request(licensefile.KindDeactivate, offline, i.using(9))))
		if diff := cmp.Diff(before, p.row(s)); diff != "" {
			t.Errorf("the row (-before +after):\n%s", diff)
		}
	})
}
