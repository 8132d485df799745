package agent_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/agent/agenttest"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

func TestOnlineStoryFromPreviewToReleasedKey(t *testing.T) {
	s := newSetup(t)
	s.publisher.Sell(desktopKey, "desktop", 10)

	p, err := s.Preview(t.Context(), "", "Desktop", desktopKey)
	must(t, err)
	if *p.Maximum != 10 || p.InUse {
		t.Errorf("preview shows maximum %d, in use %v; want 10, false", *p.Maximum, p.InUse)
	}
	row, err := s.Activate(t.Context(), "Default", "desktop", desktopKey)
	must(t, err)
	if row.Status(s.clock.now()) != licensefile.RowActive || *row.Remaining() != 10 || row.Held.License.Grant.Key != "••••-0001" {
		t.Errorf("after activating: status %s, remaining %d, key %s", row.Status(s.clock.now()), *row.Remaining(), row.Held.License.Grant.Key)
	}
	s.publisher.Change(desktopKey, func(k *agenttest.SoldKey) { k.Maximum = 25 })
	row, err = s.Refresh(t.Context(), "", "desktop")
	must(t, err)
	if *row.Maximum() != 25 {
		t.Errorf("after a refresh the maximum is %d, want 25", *row.Maximum())
	}
	row, err = s.Deactivate(t.Context(), "", "desktop")
	must(t, err)
	if got := row.Status(s.clock.now()); got != licensefile.RowDeactivated {
		t.Errorf("after deactivating: status %s", got)
	}
	s.publisher.With(func(p *agenttest.Publisher) {
		if holder := p.Keys[licensefile.NormalizeKey(desktopKey)].Holder; holder != "" {
			t.Errorf("the key is still held by %s", holder)
		}
	})
}

func TestRefusalsOfThePublisherReachThePerson(t *testing.T) {
	s := newSetup(t)
	s.publisher.Sell(desktopKey, "desktop", 10)
	s.publisher.Sell(mobileKey, "mobile", 10)
	cases := []struct {
		name string
		do   func() error
		want problem.Code
	}{
		{"unknown key", func() error { _, err := s.Activate(t.Context(), "", "desktop", "NOPE-NOPE-NOPE"); return err }, problem.KeyUnknown},
		{"key of the other type", func() error { _, err := s.Activate(t.Context(), "", "desktop", mobileKey); return err }, problem.WrongLicenseType},
		{"not a key", func() error { _, err := s.Activate(t.Context(), "", "desktop", "!"); return err }, problem.KeyMalformed},
		{"unknown type", func() error { _, err := s.Activate(t.Context(), "", "server", desktopKey); return err }, problem.NotFound},
		{"unknown site", func() error { _, err := s.Activate(t.Context(), "Oslo", "desktop", desktopKey); return err }, problem.NotFound},
		{"refresh of nothing", func() error { _, err := s.Refresh(t.Context(), "", "desktop"); return err }, problem.NotActivated},
		{"deactivation of nothing", func() error { _, err := s.Deactivate(t.Context(), "", "desktop"); return err }, problem.NotActivated},
		{
			"offline where it is off",
			func() error {
				file, _, err := s.RequestFile(t.Context(), "", "desktop", licensefile.KindActivate, desktopKey)
				must(t, err)
				must(t, s.DiscardPending(t.Context(), "", "desktop"))
				_, compact, err := licensefile.Dearmor(file)
				must(t, err)
				_, refusal := s.publisher.Exchange(compact)
				return problem.New(problem.Code(refusal))
			}, problem.OfflineNotAllowed,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := code(c.do()); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestOfflineStoryInTwoSteps(t *testing.T) {
	s := newSetup(t)
	s.publisher.Sell(desktopKey, "desktop", 10, offline)

	request, name, err := s.RequestFile(t.Context(), "", "desktop", licensefile.KindActivate, desktopKey)
	must(t, err)
	if name != "default-desktop-activate.licet" {
		t.Errorf("the file is named %s", name)
	}
	answer := s.publisher.TakeFile(t, request)
	shown, err := s.InspectFile(t.Context(), answer)
	must(t, err)
	if shown.License == nil || *shown.License.Grant.Maximum != 10 || s.row(t, "desktop").Held.Active {
		t.Fatalf("inspecting must show the license and take nothing: %+v", shown)
	}
	loaded, err := s.LoadFile(t.Context(), answer)
	must(t, err)
	if !loaded.Row.Held.Active || loaded.Kind != licensefile.KindActivate {
		t.Fatalf("after loading: %+v", loaded)
	}

	_, err = s.Refresh(t.Context(), "", "desktop")
	if code(err) != problem.WrongMethod {
		t.Errorf("an online refresh of an offline row gives %q, want wrong_method", code(err))
	}
	s.publisher.Change(desktopKey, func(k *agenttest.SoldKey) { k.Maximum = 30 })
	refresh, _, err := s.RequestFile(t.Context(), "", "desktop", licensefile.KindRefresh, "")
	must(t, err)
	loaded, err = s.LoadFile(t.Context(), s.publisher.TakeFile(t, refresh))
	must(t, err)
	if *loaded.Row.Maximum() != 30 {
		t.Errorf("the refresh file brought a maximum of %d, want 30", *loaded.Row.Maximum())
	}

	out, _, err := s.RequestFile(t.Context(), "", "desktop", licensefile.KindDeactivate, "")
	must(t, err)
	if s.row(t, "desktop").Held.Active {
		t.Error("the deactivation file must deactivate the row here at once (P9)")
	}
	if diff := cmp.Diff([]string{"release_unconfirmed"}, s.problems(t)); diff != "" {
		t.Errorf("problems before the upload (-want +got):\n%s", diff)
	}
	_, err = s.LoadFile(t.Context(), s.publisher.TakeFile(t, out))
	must(t, err)
	if diff := cmp.Diff([]string{}, s.problems(t)); diff != "" {
		t.Errorf("problems after the receipt (-want +got):\n%s", diff)
	}
}

func TestPendingRequestSurvivesARestartAndCanBeStartedOver(t *testing.T) {
	s := newSetup(t)
	s.publisher.Sell(desktopKey, "desktop", 10, offline)
	first, _, err := s.RequestFile(t.Context(), "", "desktop", licensefile.KindActivate, desktopKey)
	must(t, err)
	s.restart(t)
	kept, _, err := s.PendingFile(t.Context(), "", "desktop")
	must(t, err)
	again, _, err := s.RequestFile(t.Context(), "", "desktop", licensefile.KindActivate, desktopKey)
	must(t, err)
	if !bytes.Equal(first, kept) || !bytes.Equal(first, again) {
		t.Error("the request file changed over a restart")
	}
	_, err = s.Activate(t.Context(), "", "desktop", mobileKey)
	if code(err) != problem.RequestPending {
		t.Errorf("activating while a file waits gives %q, want request_pending", code(err))
	}
	must(t, s.DiscardPending(t.Context(), "", "desktop"))
	if _, _, err = s.PendingFile(t.Context(), "", "desktop"); code(err) != problem.NoPendingRequest {
		t.Errorf("after discarding: %q, want no_pending_request", code(err))
	}
	fresh, _, err := s.RequestFile(t.Context(), "", "desktop", licensefile.KindActivate, desktopKey)
	must(t, err)
	if bytes.Equal(first, fresh) {
		t.Error("starting over gave the discarded request")
	}
}

func TestLostAnswerIsFetchedWithTheSameRequest(t *testing.T) {
	s := newSetup(t)
	s.publisher.Sell(desktopKey, "desktop", 10)
	s.publisher.With(func(p *agenttest.Publisher) { p.Deaf = 1 })
	_, err := s.Activate(t.Context(), "", "desktop", desktopKey)
	if code(err) != problem.PublisherUnreachable {
		t.Fatalf("got %q, want publisher_unreachable", code(err))
	}
	s.restart(t)
	row, err := s.Activate(t.Context(), "", "desktop", desktopKey)
	must(t, err)
	if row.Held.License.Serial != 1 {
		t.Errorf("the publisher issued serial %d; the repeated request must get the first answer", row.Held.License.Serial)
	}
}

func TestRowEndedFromThePortalIsLearnedAtTheNextContact(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 10)
	_, err := s.enroll(t, "C02A")
	must(t, err)
	s.publisher.With(func(p *agenttest.Publisher) {
		for _, slot := range p.Slots {
			slot.Ended, slot.EndReason = true, "released by staff"
		}
	})
	row, err := s.Refresh(t.Context(), "", "desktop")
	must(t, err)
	if row.Held.Active || row.Held.Reason != "released by staff" {
		t.Errorf("the row is %+v", row.Held)
	}
	if diff := cmp.Diff([]string{"ended_by_publisher"}, s.problems(t)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if s.used(t, "desktop") != 1 {
		t.Error("managed devices must stay when a row ends")
	}
	_, err = s.enroll(t, "C02B")
	if code(err) != problem.NotActivated {
		t.Errorf("enrolling gives %q, want not_activated", code(err))
	}
}

func TestUsageOfAnEndedActivationDoesNotReachTheNextOne(t *testing.T) {
	s := newSetup(t)
	s.activate(t, desktopKey, "desktop", 10)
	for _, serial := range []string{"C02A", "C02B", "C02C"} {
		_, err := s.enroll(t, serial)
		must(t, err)
	}
	s.clock.move(time.Hour)
	_, err := s.Deactivate(t.Context(), "", "desktop")
	must(t, err)
	s.clock.move(time.Hour)
	row, err := s.FindDevice(t.Context(), identity("C02C"))
	must(t, err)
	_, err = s.Unenroll(t.Context(), row.ID, "")
	must(t, err)
	_, err = s.Activate(t.Context(), "", "desktop", desktopKey)
	must(t, err)
	s.publisher.With(func(p *agenttest.Publisher) {
		last := p.Requests[len(p.Requests)-1]
		want := []licensefile.Usage{{Metric: "devices", From: s.clock.now(), To: s.clock.now(), Used: 2, Peak: 2}}
		if diff := cmp.Diff(want, last.Usage); diff != "" {
			t.Errorf("usage of the new activation (-want +got):\n%s", diff)
		}
		end := p.Requests[slices.IndexFunc(p.Requests, func(r licensefile.Request) bool { return r.Kind == licensefile.KindDeactivate })]
		if len(end.Usage) != 1 || end.Usage[0].Used != 3 {
			t.Errorf("the deactivation reported %+v, want one period with 3", end.Usage)
		}
	})
}
