package agent_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/agent"
	"github.com/licethq/licet/internal/agent/agenttest"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

func unregistered(k *agenttest.SoldKey) { k.Unregistered = true }

// signIn asks to sign in with an unregistered key for desktops.
func (s *setup) signIn(t *testing.T) agent.SignIn {
	t.Helper()
	s.publisher.Sell(desktopKey, "desktop", 10, unregistered)
	asked, err := s.SignIn(t.Context(), "", "desktop", desktopKey)
	must(t, err)
	return asked
}

func (s *setup) rowSignIn(t *testing.T) agent.SignIn {
	t.Helper()
	got, err := s.RowSignIn(t.Context(), "", "desktop")
	must(t, err)
	return got
}

// approve has the person approve.
func (s *setup) approve() { s.publisher.With(func(p *agenttest.Publisher) { p.Desk.Approved = true }) }

// polls lists when the publisher was asked, after a start.
func (s *setup) polls(start time.Time) []time.Duration {
	var at []time.Duration
	s.publisher.With(func(p *agenttest.Publisher) {
		for _, poll := range p.Desk.Polls {
			at = append(at, poll.Sub(start))
		}
	})
	return at
}

func seconds(n ...int) []time.Duration {
	var all []time.Duration
	for _, s := range n {
		all = append(all, time.Duration(s)*time.Second)
	}
	return all
}

func TestASignInRegistersTheKeyAndActivatesOnceItIsApproved(t *testing.T) {
	scheduled(t, func(t *testing.T, s *setup) {
		start := time.Now()
		asked := s.signIn(t)
		if asked.State != agent.SignInWaiting || asked.UserCode != "BCDF-GHJK" || asked.MaskedKey() == desktopKey {
			t.Errorf("asked: %+v", asked)
		}
		s.run(t, 12*time.Second)
		s.approve()
		s.run(t, 10*time.Second)
		if diff := cmp.Diff(seconds(5, 10, 15), s.polls(start)); diff != "" {
			t.Errorf("polls (-want +got):\n%s", diff)
		}
		got := s.rowSignIn(t)
		if got.State != agent.SignInDone || got.OrganizationName != "Blue Harbor" || got.Secret != (agent.SignIn{}).Secret {
			t.Errorf("after it: %+v, want it done and what it needed forgotten", got)
		}
		if row := s.row(t, "desktop"); !row.Held.Active {
			t.Errorf("the row is %s, want active", row.Status(time.Now()))
		}
		belongs, err := s.Organization(t.Context())
		must(t, err)
		signedIn := start.Add(15 * time.Second).UTC()
		want := agent.Organization{ID: agenttest.Organization, Name: "Blue Harbor", SignedInAt: &signedIn}
		if diff := cmp.Diff(want, belongs); diff != "" {
			t.Errorf("organization (-want +got):\n%s", diff)
		}
	})
}

func TestAnAgentSlowsDownWhenItIsTold(t *testing.T) {
	scheduled(t, func(t *testing.T, s *setup) {
		start := time.Now()
		s.publisher.Desk.Pace = 7 * time.Second // more than the agent was told
		s.signIn(t)
		s.run(t, 60*time.Second)
		// The second poll learns that 7 seconds are wanted; none is early after that.
		if diff := cmp.Diff(seconds(5, 12, 19, 26, 33, 40, 47, 54), s.polls(start)); diff != "" {
			t.Errorf("polls (-want +got):\n%s", diff)
		}
	})
}

func TestASlowDownLengthensTheWait(t *testing.T) {
	scheduled(t, func(t *testing.T, s *setup) {
		start := time.Now()
		s.signIn(t)
		s.run(t, 6*time.Second)
		s.publisher.With(func(p *agenttest.Publisher) { p.Desk.Pace = 20 * time.Second })
		s.run(t, 90*time.Second)
		// Five seconds are too few at once: 25 from then on.
		if diff := cmp.Diff(seconds(5, 10, 35, 60, 85), s.polls(start)); diff != "" {
			t.Errorf("polls (-want +got):\n%s", diff)
		}
	})
}

func TestASignInOutlivesAPublisherThatIsAwayAndARestart(t *testing.T) {
	scheduled(t, func(t *testing.T, s *setup) {
		s.signIn(t)
		s.publisher.With(func(p *agenttest.Publisher) { p.Away = true })
		s.run(t, 5*time.Minute)
		if got := s.rowSignIn(t); got.State != agent.SignInWaiting || got.Code != string(problem.PublisherUnreachable) {
			t.Errorf("while away: %+v", got)
		}
		s.publisher.With(func(p *agenttest.Publisher) { p.Away = false })
		s.approve()
		s.restart(t)
		s.run(t, 2*time.Minute)
		if got := s.rowSignIn(t); got.State != agent.SignInDone || !s.row(t, "desktop").Held.Active {
			t.Errorf("after the restart: %+v, want it done", got)
		}
	})
}

func TestWhatWasApprovedGoesOnAfterARestart(t *testing.T) {
	scheduled(t, func(t *testing.T, s *setup) {
		s.signIn(t)
		s.approve()
		s.publisher.With(func(p *agenttest.Publisher) { p.Deaf = 1 }) // the activation's answer is lost
		s.run(t, 6*time.Second)
		if got := s.rowSignIn(t); got.State != agent.SignInApproved {
			t.Fatalf("with a lost answer: %+v, want approved", got)
		}
		s.restart(t)
		s.run(t, time.Minute)
		if got := s.rowSignIn(t); got.State != agent.SignInDone || s.publisher.Desk.Tokens != 1 {
			t.Errorf("after the restart: %+v with %d tokens, want it done with one", got, s.publisher.Desk.Tokens)
		}
	})
}

func TestASignInFailsWithTheCodeOfItsReason(t *testing.T) {
	for name, c := range map[string]struct {
		change func(p *agenttest.Publisher)
		want   problem.Code
	}{
		"denied":                     {func(p *agenttest.Publisher) { p.Desk.Answer = "authorization_denied" }, problem.AuthorizationDenied},
		"nobody came":                {func(*agenttest.Publisher) {}, problem.AuthorizationExpired},
		"the publisher stayed away":  {func(p *agenttest.Publisher) { p.Away = true }, problem.AuthorizationExpired},
		"another organization's key": {func(p *agenttest.Publisher) { p.Desk.Approved, p.Desk.Refuse = true, "key_registered_elsewhere" }, problem.KeyRegisteredElsewhere},
		"a code of a newer server":   {func(p *agenttest.Publisher) { p.Desk.Answer = "not_known_yet" }, problem.Conflict},
		"taken meanwhile": {func(p *agenttest.Publisher) {
			p.Desk.Approved = true
			p.Keys[licensefile.NormalizeKey(desktopKey)].Holder = "somebody"
		}, problem.KeyInUse},
	} {
		t.Run(name, func(t *testing.T) {
			scheduled(t, func(t *testing.T, s *setup) {
				s.signIn(t)
				s.publisher.With(c.change)
				s.run(t, 16*time.Minute)
				got := s.rowSignIn(t)
				if got.State != agent.SignInFailed || got.Code != string(c.want) || got.Message == "" || got.Secret != (agent.SignIn{}).Secret {
					t.Errorf("got %+v, want failed with %s and the secrets forgotten", got, c.want)
				}
				before := len(s.publisher.Desk.Polls)
				s.run(t, time.Hour)
				if after := len(s.publisher.Desk.Polls); after != before {
					t.Errorf("%d polls after the end", after-before)
				}
			})
		})
	}
}

func TestASignInThatWasCalledOffActivatesNothing(t *testing.T) {
	scheduled(t, func(t *testing.T, s *setup) {
		s.signIn(t)
		must(t, s.ForgetSignIn(t.Context(), "", "desktop"))
		s.approve()
		s.run(t, time.Minute)
		if s.row(t, "desktop").Held.Active || len(s.publisher.Desk.Polls) != 0 {
			t.Error("the row was activated, or the publisher asked, all the same")
		}
		if err := s.ForgetSignIn(t.Context(), "", "desktop"); !problem.Is(err, problem.NotFound) {
			t.Errorf("calling off what is not there: %v, want not_found", err)
		}
	})
}

func TestASignInCalledOffWhileThePublisherAnswersActivatesNothing(t *testing.T) {
	scheduled(t, func(t *testing.T, s *setup) {
		s.signIn(t)
		s.publisher.With(func(p *agenttest.Publisher) {
			p.Desk.Approved = true
			p.Desk.OnPoll = func() { must(t, s.ForgetSignIn(t.Context(), "", "desktop")) }
		})
		s.run(t, time.Minute)
		if s.row(t, "desktop").Held.Active || s.publisher.Desk.Tokens != 1 {
			t.Errorf("the row is active, or %d tokens were given; want the one that came too late", s.publisher.Desk.Tokens)
		}
	})
}

func TestASignInGoesToNoOtherServer(t *testing.T) {
	s := newSetup(t)
	s.publisher.Desk.Redirect = "http://elsewhere.example.com"
	s.publisher.Sell(desktopKey, "desktop", 10, unregistered)
	_, err := s.SignIn(t.Context(), "", "desktop", desktopKey)
	if !problem.Is(err, problem.PublisherUnreachable) {
		t.Errorf("got %v, want publisher_unreachable", err)
	}
	if diff := cmp.Diff([]string{"publisher.example.com"}, s.publisher.Desk.Hosts); diff != "" {
		t.Errorf("called hosts (-want +got):\n%s", diff)
	}
}

func TestTheSameKeyAgainGivesTheSignInThatGoesOn(t *testing.T) {
	s := newSetup(t)
	first := s.signIn(t)
	again, err := s.SignIn(t.Context(), "", "desktop", desktopKey)
	must(t, err)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the same key again (-first +again):\n%s", diff)
	}
	const other = "DESK-AAAA-BBBB-CCCC-0009"
	s.publisher.Sell(other, "desktop", 10, unregistered)
	replaced, err := s.SignIn(t.Context(), "", "desktop", other)
	must(t, err)
	if replaced.ID == first.ID || len(s.publisher.Desk.Asked) != 2 {
		t.Errorf("another key: %+v after %d requests, want a new one", replaced, len(s.publisher.Desk.Asked))
	}
}

func TestAKeyThatCannotBeActivatedTroublesNobody(t *testing.T) {
	for name, c := range map[string]struct {
		key, licenseType string
		want             problem.Code
	}{
		"unknown":         {"NONE-AAAA-BBBB-CCCC-0009", "desktop", problem.KeyUnknown},
		"of another type": {desktopKey, "mobile", problem.WrongLicenseType},
		"missing":         {"", "desktop", problem.ValidationFailed},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t)
			s.publisher.Sell(desktopKey, "desktop", 10, unregistered)
			_, err := s.SignIn(t.Context(), "", c.licenseType, c.key)
			if !problem.Is(err, c.want) || len(s.publisher.Desk.Asked) != 0 {
				t.Errorf("got %v after %d requests, want %s and none", err, len(s.publisher.Desk.Asked), c.want)
			}
		})
	}
}

func TestWhatThePublisherAnswersIsShownHarmlessOrRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*api.DeviceAuthorization)
		code   string
		want   problem.Code
	}{
		"a code that steers a terminal":      {func(a *api.DeviceAuthorization) { a.UserCode = "AB\x1b[2JCD\u202e" }, "AB [2JCD ", ""},
		"an address that is no web address":  {func(a *api.DeviceAuthorization) { a.VerificationURI = "file:///etc/passwd" }, "", problem.PublisherUnreachable},
		"an address that steers a terminal":  {func(a *api.DeviceAuthorization) { a.VerificationURIComplete = "https://example.com/\x1b[2J" }, "", problem.PublisherUnreachable},
		"an address that runs the other way": {func(a *api.DeviceAuthorization) { a.VerificationURI = "https://example.com/\u202e" }, "", problem.PublisherUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t)
			s.publisher.Desk.Change = c.change
			s.publisher.Sell(desktopKey, "desktop", 10, unregistered)
			asked, err := s.SignIn(t.Context(), "", "desktop", desktopKey)
			if codeOf(err) != c.want || asked.UserCode != c.code {
				t.Errorf("got %q %v, want %q %q", asked.UserCode, err, c.code, c.want)
			}
		})
	}
}

// codeOf gives the code of an error, "" for none.
func codeOf(err error) problem.Code {
	if err == nil {
		return ""
	}
	return problem.From(err).Code
}

func TestNothingThatASignInNeedsIsStoredInTheClear(t *testing.T) {
	s := newSetup(t)
	s.signIn(t)
	must(t, s.Close())
	files, err := filepath.Glob(filepath.Join(s.cfg.State, "agent.db*"))
	must(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		must(t, err)
		for _, secret := range []string{"device-code-1", desktopKey} {
			if strings.Contains(string(data), secret) {
				t.Errorf("%s holds %q", filepath.Base(file), secret)
			}
		}
	}
	if strings.Contains(s.log.String(), "device-code-1") || len(files) == 0 {
		t.Error("the log holds the device code, or there is no database")
	}
}

func TestAnUpgradeAcrossThePlansReleaseAsksForTheOrganizationOnce(t *testing.T) {
	scheduled(t, func(t *testing.T, s *setup) {
		restart := func(release string) {
			must(t, s.Close())
			s.cfg.Version = release
			s.open(t)
		}
		restart("2.0")
		s.activate(t, desktopKey, "desktop", 10, func(k *agenttest.SoldKey) { k.Policy.OrganizationFrom = "2.5" })
		asked := func() []string {
			status, err := s.Status(t.Context())
			must(t, err)
			var codes []string
			for _, p := range status.Problems {
				codes = append(codes, p.Code)
			}
			return codes
		}
		var before, after, signedIn, later []string
		before = asked()
		restart("2.10")
		after = asked()
		if d, err := s.May(t.Context(), licensefile.Enroll, "", "desktop"); err != nil || d.Verdict != licensefile.Allow {
			t.Errorf("meanwhile: %+v %v, want everything to go on", d, err)
		}
		_, err := s.SignIn(t.Context(), "", "desktop", "")
		must(t, err)
		s.approve()
		s.run(t, 10*time.Second)
		signedIn = asked()
		restart("3.0")
		later = asked()
		want := [][]string{nil, {"organization_needed"}, nil, nil}
		if diff := cmp.Diff(want, [][]string{before, after, signedIn, later}); diff != "" {
			t.Errorf("open problems (-want +got):\n%s", diff)
		}
		if got := s.publisher.Desk.Asked[0].UpgradeFrom; got != "2.0" {
			t.Errorf("told release %q, want 2.0", got)
		}
	})
}

func TestAnAgentFirstActivatedAtALaterReleaseIsNotAskedAgain(t *testing.T) {
	scheduled(t, func(t *testing.T, s *setup) {
		must(t, s.Close())
		s.cfg.Version = "3.0"
		s.open(t)
		s.activate(t, desktopKey, "desktop", 10, func(k *agenttest.SoldKey) { k.Policy.OrganizationFrom = "2.5" })
		status, err := s.Status(t.Context())
		must(t, err)
		if status.State != agent.OK {
			t.Errorf("status %+v, want ok", status)
		}
	})
}

func TestAStopEndsNoSignIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &setup{publisher: agenttest.NewPublisher(t, time.Now), log: &logBuffer{}}
		s.cfg = s.config(t, time.Now)
		s.open(t)
		s.signIn(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		must(t, s.Run(ctx))
		if got := s.rowSignIn(t); got.State != agent.SignInWaiting {
			t.Errorf("after the stop: %+v, want it waiting", got)
		}
	})
}
