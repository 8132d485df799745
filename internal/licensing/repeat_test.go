package licensing_test

import (
	"testing"
	"time"

	"github.com/licethq/licet/internal/catalog"
	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/licensing"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// state is what a repeat must leave as it is.
func (p *publisher) state() string {
	p.t.Helper()
	text, err := database.One(p.DB.Read(p.t.Context()), database.Value[string], `
		SELECT CAST(l.sequence AS TEXT) || ' ' || CAST(l.serial AS TEXT) || ' ' || CAST(l.answer_at AS TEXT) || ' ' ||
		       CAST(a.used AS TEXT) || ' ' || CAST(a.last_seen_at AS TEXT) || ' ' || CAST(a.expires_at AS TEXT) || ' ' ||
		       CAST((SELECT COUNT(*) FROM usage_report) AS TEXT) || ' ' || CAST((SELECT COUNT(*) FROM event) AS TEXT)
		FROM slot l JOIN activation a ON a.slot_id = l.id ORDER BY a.id DESC LIMIT 1`)
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

func TestSameRequestAgainIsAnsweredTheSame(t *testing.T) {
	for _, kind := range []licensefile.Kind{
		licensefile.KindActivate, licensefile.KindRefresh, licensefile.KindCheckIn, licensefile.KindReport, licensefile.KindDeactivate,
	} {
		t.Run(string(kind), func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, p *publisher) {
				s := p.sell(p.plan(nil), nil)
				i := p.install().activate(s.key)
				key := map[bool]string{true: s.key}[kind == licensefile.KindActivate]
				compact := i.seal(i.request(kind, withKey(key), i.using(5)))
				first, err := i.sendSealed(compact)
				if err != nil {
					t.Fatal(err)
				}
				before := p.state()
				p.clock.advance(48 * time.Hour)
				again, err := p.Exchange(t.Context(), compact)
				if err != nil {
					t.Fatal(err)
				}
				if again.Compact != first.Compact {
					t.Errorf("the repeat is answered otherwise:\n%s\n%s", first.Compact, again.Compact)
				}
				if after := p.state(); after != before {
					t.Errorf("the repeat changed %q to %q", before, after)
				}
			})
		})
	}
}

func TestRepeatIsAnsweredAfterARotation(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		lost := i.seal(i.request(licensefile.KindRefresh))
		if _, err := p.Exchange(t.Context(), lost); err != nil {
			t.Fatal(err)
		}
		p.clock.advance(10 * 24 * time.Hour)
		if _, err := p.Issuer.Rotate(t.Context(), p.actor.Actor, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := i.sendSealed(lost); err != nil {
			t.Errorf("the repeat after a rotation: %v", err)
		}
	})
}

func TestOlderRequestIsSupersededAndNamesTheHighest(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		old := i.seal(i.request(licensefile.KindRefresh))
		i.must(i.request(licensefile.KindRefresh))
		_, err := p.Exchange(t.Context(), old)
		if !problem.Is(err, problem.RequestSuperseded) || problem.From(err).HighestSequence != 3 {
			t.Errorf("got %v naming %d, want request_superseded naming 3", err, problem.From(err).HighestSequence)
		}
		i.must(i.request(licensefile.KindDeactivate))
		file := i.seal(i.request(licensefile.KindActivate, withKey(s.key)))
		if _, err := i.sendSealed(file); err != nil {
			t.Fatal(err)
		}
		i.must(i.request(licensefile.KindDeactivate))
		if _, err := p.Exchange(t.Context(), file); !problem.Is(err, problem.RequestSuperseded) {
			t.Errorf("a replayed activation file: got %v, want request_superseded", err)
		}
	})
}

func TestForkIsRecordedOnceAndServedOrRefusedByPlan(t *testing.T) {
	for _, c := range []struct {
		name string
		rule catalog.OnFork
		fork func(original, clone *installation) licensefile.Request
		want problem.Code
	}{
		{"notify, equal sequence", catalog.ForkNotify, equalSequence, ""},
		{"notify, older license held", catalog.ForkNotify, olderHeld, ""},
		{"refuse, equal sequence", catalog.ForkRefuse, equalSequence, problem.InstallationForked},
		{"refuse, older license held", catalog.ForkRefuse, olderHeld, problem.InstallationForked},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, p *publisher) {
				s := p.sell(p.plan(func(policy *catalog.Policy) { policy.OnFork = c.rule }), nil)
				original := p.install().activate(s.key)
				clone := original.clone()
				original.must(original.request(licensefile.KindRefresh))
				original.must(original.request(licensefile.KindRefresh))
				for range 2 {
					_, err := clone.send(c.fork(original, clone))
					if got := codeOf(err); got != c.want {
						t.Fatalf("got %q, want %q", got, c.want)
					}
				}
				if n := p.events("installation.forked"); n != 1 {
					t.Errorf("the fork is recorded %d times, want once", n)
				}
				if p.row(s).Slot.ForkedAt == nil {
					t.Error("the row does not show the fork")
				}
				_, err := original.send(original.request(licensefile.KindRefresh, func(r *licensefile.Request) { r.Sequence = 20 }))
				if got := codeOf(err); got != c.want {
					t.Errorf("the original after the fork: got %q, want %q", got, c.want)
				}
				original.must(original.request(licensefile.KindDeactivate)) // always works
			})
		})
	}
}

func codeOf(err error) problem.Code {
	if err == nil {
		return ""
	}
	return problem.From(err).Code
}

// equalSequence is the clone's request under the number of the original's last.
func equalSequence(original, clone *installation) licensefile.Request {
	return clone.request(licensefile.KindRefresh, func(r *licensefile.Request) { r.Sequence, r.Previous = original.sequence, original.serial })
}

// olderHeld is the clone's request after it learned the highest number, holding
// the license of the moment it was copied.
func olderHeld(original, clone *installation) licensefile.Request {
	return clone.request(licensefile.KindRefresh, func(r *licensefile.Request) { r.Sequence, r.Previous = original.sequence+1, 1 })
}

func TestReleasedForkStartsClean(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(func(policy *catalog.Policy) { policy.OnFork = catalog.ForkRefuse }), nil)
		original := p.install().activate(s.key)
		clone := original.clone()
		original.must(original.request(licensefile.KindRefresh))
		clone.refused(equalSequence(original, clone), problem.InstallationForked)
		if _, err := p.Release(t.Context(), p.actor, p.row(s).Activation.ID, "Two copies were running"); err != nil {
			t.Fatal(err)
		}
		original.activate(s.key)
		original.must(original.request(licensefile.KindRefresh))
	})
}

func TestServerRestoredFromABackupGoesOnAboveWhatItIssued(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		i.serial = 40 // as if later licenses had been issued before the restore
		i.sequence = 50
		i.must(i.request(licensefile.KindRefresh))
		if i.license.Serial != 41 {
			t.Errorf("serial = %d, want 41", i.license.Serial)
		}
		if n := p.events("server.restored"); n != 1 {
			t.Errorf("the restore is recorded %d times, want once", n)
		}
	})
}

func TestServerClockSetBackDatesNoAnswerBeforeTheLast(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		first := i.license.IssuedAt
		p.clock.advance(-6 * time.Hour)
		i.must(i.request(licensefile.KindRefresh))
		if i.license.IssuedAt < first {
			t.Errorf("iat = %v, before the last answer's %v", i.license.IssuedAt.Time(), first.Time())
		}
	})
}

func TestAnswerTellsTheClockSkewAndRefusesNobodyForIt(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install()
		i.must(i.request(licensefile.KindActivate, withKey(s.key), func(r *licensefile.Request) {
			r.IssuedAt = licensefile.At(p.clock.now().AddDate(10, 0, 0))
		}))
		if want := today.Unix() - today.AddDate(10, 0, 0).Unix(); i.license.ClockSkew != want {
			t.Errorf("skew = %d s, want %d s", i.license.ClockSkew, want)
		}
	})
}

func TestReleasedRowIsToldWithASignedReceipt(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		row := p.row(s)
		if _, err := p.Release(t.Context(), p.actor, row.Activation.ID, ""); !problem.Is(err, problem.ValidationFailed) {
			t.Errorf("release without a reason: got %v, want validation_failed", err)
		}
		released, err := p.Release(t.Context(), p.actor, row.Activation.ID, "The server burned down")
		if err != nil {
			t.Fatal(err)
		}
		if released.Status != "deactivated" || released.Activation.EndNote != "The server burned down" {
			t.Errorf("released row: %s, %q", released.Status, released.Activation.EndNote)
		}
		if _, err := p.Release(t.Context(), p.actor, row.Activation.ID, "Again"); !problem.Is(err, problem.AlreadyEnded) {
			t.Errorf("second release: got %v, want already_ended", err)
		}
		p.install().activate(s.key) // free at once

		for _, kind := range []licensefile.Kind{licensefile.KindRefresh, licensefile.KindReport, licensefile.KindCheckIn, licensefile.KindDeactivate} {
			receipt := i.receipt(i.must(i.request(kind)))
			if receipt.Body.Status != licensefile.StatusDeactivated || receipt.Body.Reason != "released" || receipt.Serial != 2 {
				t.Errorf("%s: %s because %q with serial %d; want deactivated, released, 2", kind, receipt.Body.Status, receipt.Body.Reason, receipt.Serial)
			}
		}
	})
}

func TestUnsolicitedLicenseIsNews(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		signed, err := p.IssueLicense(t.Context(), p.actor, p.row(s).Activation.ID)
		if err != nil {
			t.Fatal(err)
		}
		armored, name := signed.File()
		form, compact, err := licensefile.Dearmor(armored)
		if err != nil || form != licensefile.ArmorLicense || name != "licet-refresh-desktop-2.licet" {
			t.Fatalf("file %s: %s, %v", name, form, err)
		}
		i.take(compact)
		i.must(i.request(licensefile.KindRefresh))
		if i.license.Serial != 3 {
			t.Errorf("serial after it = %d, want 3", i.license.Serial)
		}
	})
}

func TestRowOfOnlineMethodRefreshedByFileKeepsItsLease(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		file := licensefile.Armor(licensefile.ArmorRequest, i.seal(i.request(licensefile.KindRefresh, offline)))
		signed, err := p.ExchangeFile(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		i.take(signed.Compact)
		if want := today.Add(30 * 24 * time.Hour); !i.license.Expires.Time().Equal(want) {
			t.Errorf("exp = %v, want the online end %v", i.license.Expires.Time(), want)
		}
		if got := p.row(s).Activation.Method; got != licensefile.Online {
			t.Errorf("method = %s, want online", got)
		}
		if _, err := p.ExchangeFile(t.Context(), licensefile.Armor(licensefile.ArmorLicense, signed.Compact)); !problem.Is(err, problem.NotARequest) {
			t.Errorf("a license uploaded as a request: got %v, want not_a_request", err)
		}
	})
}

func TestOfflineSwitchGatesActivationOnly(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install()
		i.refused(i.request(licensefile.KindActivate, withKey(s.key), offline), problem.OfflineNotAllowed)
		if _, err := p.SetOffline(t.Context(), p.actor, licensing.Change{ID: s.ID}, true); err != nil {
			t.Fatal(err)
		}
		i.must(i.request(licensefile.KindActivate, withKey(s.key), offline))
		if _, err := p.SetOffline(t.Context(), p.actor, licensing.Change{ID: s.ID}, false); err != nil {
			t.Fatal(err)
		}
		i.must(i.request(licensefile.KindRefresh, offline))
		i.must(i.request(licensefile.KindDeactivate, offline))
	})
}

func TestRevocationListReachesWhoHoldsAnOlderOne(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		stolen := i.license
		certificates, err := p.Issuer.Certificates(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Issuer.Revoke(t.Context(), p.actor.Actor, certificates[0].ID, nil); err != nil {
			t.Fatal(err)
		}
		i.must(i.request(licensefile.KindRefresh))
		list, err := p.trust.OpenRevocations(i.license.Revocation)
		if err != nil || list.Number != 1 || !list.Lists(certificates[0].DER) {
			t.Fatalf("list %+v, %v; want number 1 naming the revoked certificate", list, err)
		}
		i.must(i.request(licensefile.KindRefresh, func(r *licensefile.Request) { r.Revocations = 1 }))
		if i.license.Revocation != "" {
			t.Error("the list travels again to who holds it")
		}
		if stolen.Serial != 1 {
			t.Errorf("serial = %d, want 1", stolen.Serial)
		}
	})
}

func TestChangedMachineIsRecordedAndAnUnchangedCheckInIsNot(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		i := p.install().activate(s.key)
		before := p.count(`SELECT COUNT(*) FROM event`)
		p.clock.advance(24 * time.Hour)
		i.must(i.request(licensefile.KindCheckIn, i.using(3)))
		if after := p.count(`SELECT COUNT(*) FROM event`); after != before {
			t.Errorf("an unchanged check-in left %d events", after-before)
		}
		i.must(i.request(licensefile.KindCheckIn, func(r *licensefile.Request) { r.About.Version = "8.8.0" }))
		if n := p.events("installation.changed"); n != 1 {
			t.Errorf("the new version is recorded %d times, want once", n)
		}
		if got := p.row(s).Installation.SoftwareVersion; got != "8.8.0" {
			t.Errorf("version = %s, want 8.8.0", got)
		}
		i.site.Name = "Main building"
		i.must(i.request(licensefile.KindCheckIn, func(r *licensefile.Request) { r.About.Version = "8.8.0" }))
		if got := p.row(s).Slot.SiteName; got != "Main building" || p.events("site.renamed") != 1 {
			t.Errorf("site = %s, recorded %d times; want Main building, once", got, p.events("site.renamed"))
		}
	})
}

func TestAuditorsChangeNothing(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s := p.sell(p.plan(nil), nil)
		p.install().activate(s.key)
		row := p.row(s)
		auditor := p.actor
		auditor.Role = "auditor"
		for name, try := range map[string]func() error{
			"create": func() error {
				_, _, err := p.CreateSubscription(t.Context(), auditor, licensing.NewSubscription{})
				return err
			},
			"register": func() error {
				_, err := p.RegisterKey(t.Context(), auditor, licensing.Registration{Key: s.key, OrganizationID: p.org})
				return err
			},
			"offline": func() error {
				_, err := p.SetOffline(t.Context(), auditor, licensing.Change{ID: s.ID}, true)
				return err
			},
			"suspend": func() error { _, err := p.Suspend(t.Context(), auditor, licensing.Change{ID: s.ID}); return err },
			"resume":  func() error { _, err := p.Resume(t.Context(), auditor, licensing.Change{ID: s.ID}); return err },
			"release": func() error { _, err := p.Release(t.Context(), auditor, row.Activation.ID, "why"); return err },
			"issue":   func() error { _, err := p.IssueLicense(t.Context(), auditor, row.Activation.ID); return err },
		} {
			if err := try(); !problem.Is(err, problem.Forbidden) {
				t.Errorf("%s: got %v, want forbidden", name, err)
			}
		}
		if _, err := p.Row(t.Context(), auditor, row.Activation.ID); err != nil {
			t.Errorf("reading: %v", err)
		}
	})
}

func TestReplacedKeyAnswersOnlyThat(t *testing.T) {
	onEachEngine(t, func(t *testing.T, p *publisher) {
		s, successor := p.sell(p.plan(nil), nil), p.sell(p.plan(nil), nil)
		err := p.DB.InTx(t.Context(), func(tx *database.Tx) error {
			_, err := tx.Exec(`UPDATE license_key SET replaced_by = (SELECT id FROM license_key WHERE subscription_id = ?)
				WHERE subscription_id = ?`, successor.ID, s.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		i := p.install()
		for _, kind := range []licensefile.Kind{licensefile.KindPreview, licensefile.KindActivate} {
			i.refused(i.request(kind, withKey(s.key)), problem.KeyReplaced)
		}
	})
}
