package demo

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/agent/agentapi"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

func (d *demo) startAgent(ctx context.Context) ([]string, error) {
	root, err := d.exportRoot(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.runAgent(ctx, root); err != nil {
		return nil, err
	}
	rows, err := d.agent.Rows(ctx)
	if err != nil {
		return nil, err
	}
	if len(rows) != 2 {
		return nil, fmt.Errorf("the agent lists %d rows, want 2", len(rows))
	}
	var said []string
	for _, r := range rows {
		said = append(said, fmt.Sprintf("%s / %s: %s", r.Site, r.LicenseType, r.Status))
	}
	return said, nil
}

// runAgent starts the agent's process and connects to its API.
func (d *demo) runAgent(ctx context.Context, root string) error {
	address, err := free(ctx, "127.0.0.1:8443")
	if err != nil {
		return err
	}
	d.agentProcess, err = d.start("agent", "agent", "run", "--state", d.path("agent"), "--server", d.serverURL,
		"--trust", root, "--listen", address, "--product", productCode, "--site", "Headquarters")
	if err != nil {
		return err
	}
	if err := answers(ctx, "agent", "http://"+address+"/healthz"); err != nil {
		return err
	}
	at, err := agentapi.ReadAddress(d.path("agent"))
	if err != nil {
		return err
	}
	d.agent, err = agentapi.NewClient(at)
	return err
}

// refused checks that something failed with a code, and quotes it.
func refused(err error, code string) (string, error) {
	if !problem.Is(wire(err), problem.Code(code)) {
		return "", fmt.Errorf("got %w, want the refusal %s", orNone(err), code)
	}
	return fmt.Sprintf("%s: %s", code, problem.From(wire(err)).Message), nil
}

// wire gives a problem of the management API the form of one of the agent's.
func wire(err error) error {
	if p, ok := err.(*api.Problem); ok { //nolint:errorlint // the client gives it unwrapped
		return problem.Newf(problem.Code(p.Code), "%s", p.Detail)
	}
	return err
}

func orNone(err error) error {
	if err == nil {
		return fmt.Errorf("no refusal")
	}
	return err
}

func (d *demo) refusals(ctx context.Context) ([]string, error) {
	var said []string
	for _, try := range []struct{ licenseType, key, code string }{
		{desktopType, mistype(d.desktop.key), "key_mistyped"},
		{desktopType, d.desktop.key, "key_not_registered"},
		{desktopType, d.mobile.key, "wrong_license_type"},
	} {
		_, err := d.agent.Activate(ctx, "", try.licenseType, try.key)
		line, err := refused(err, try.code)
		if err != nil {
			return nil, err
		}
		said = append(said, line)
	}
	return said, nil
}

// mistype changes the first character of a text.
func mistype(text string) string {
	if strings.HasPrefix(text, "A") {
		return "B" + text[1:]
	}
	return "A" + text[1:]
}

func (d *demo) activateDesktop(ctx context.Context) ([]string, error) {
	if _, err := d.staff.RegisterKey(ctx, api.Registration{Key: d.desktop.key, OrganizationID: d.organization.ID}); err != nil {
		return nil, err
	}
	preview, err := d.agent.Preview(ctx, "", desktopType, d.desktop.key)
	if err != nil {
		return nil, err
	}
	if preview.Problem != "" {
		return nil, fmt.Errorf("the preview says %s", preview.Problem)
	}
	row, err := d.agent.Activate(ctx, "", desktopType, d.desktop.key)
	if err != nil {
		return nil, err
	}
	if row.Status != "active" || row.License == nil {
		return nil, fmt.Errorf("the row is %s after activation", row.Status)
	}
	seen, err := d.expectLive(ctx, d.desktop.ID, "active", 0)
	return []string{
		fmt.Sprintf("preview: %s, %s, until %s", preview.Product, preview.TypeName, preview.EndDate),
		fmt.Sprintf("the agent holds: key %s, licensed until %s without another contact", row.License.Key, row.License.LicensedUntil.Format(time.DateOnly)),
		seen,
	}, err
}

func (d *demo) fill(ctx context.Context) ([]string, error) {
	if err := d.enroll(ctx, desktopLicenses); err != nil {
		return nil, err
	}
	return d.expectRow(ctx, desktopType, "active", "warning")
}

// expectRow checks the status of a row and the Problem Monitor's state.
func (d *demo) expectRow(ctx context.Context, licenseType, status, monitor string) ([]string, error) {
	row, err := d.agent.Row(ctx, "", licenseType)
	if err != nil {
		return nil, err
	}
	state, err := d.agent.Status(ctx)
	if err != nil {
		return nil, err
	}
	if row.Status != status || state.State != monitor {
		return nil, fmt.Errorf("the row is %s and the Problem Monitor %s, want %s and %s", row.Status, state.State, status, monitor)
	}
	said := []string{fmt.Sprintf("%s: %d devices, %s; Problem Monitor: %s", licenseType, row.Used, row.Status, state.State)}
	for _, p := range state.Problems {
		said = append(said, fmt.Sprintf("%s since %s: %s", p.Code, p.Since.Local().Format(time.TimeOnly), p.Message))
		for _, r := range p.Remedies {
			said = append(said, "  → "+r.Message)
		}
	}
	return said, nil
}

func (d *demo) exceed(ctx context.Context) ([]string, error) {
	if err := d.enroll(ctx, desktopLicenses+1); err != nil {
		return nil, err
	}
	said, err := d.expectRow(ctx, desktopType, "over_limit", "warning")
	if err != nil {
		return nil, err
	}
	may, err := d.agent.May(ctx, agentapi.Question{Operation: "push_policy", LicenseType: desktopType})
	if err != nil {
		return nil, err
	}
	if may.Verdict != "warn" {
		return nil, fmt.Errorf("pushing a policy: %s, want warn", may.Verdict)
	}
	if _, err := d.agent.Refresh(ctx, "", desktopType); err != nil {
		return nil, err
	}
	seen, err := d.expectLive(ctx, d.desktop.ID, "over_limit", desktopLicenses+1)
	return append(said, "may I push a policy? "+may.Verdict+": "+may.Message, seen), err
}

func (d *demo) recover(ctx context.Context) ([]string, error) {
	for range 2 {
		if err := d.leave(ctx); err != nil {
			return nil, err
		}
	}
	if _, err := d.agent.Refresh(ctx, "", desktopType); err != nil {
		return nil, err
	}
	said, err := d.expectRow(ctx, desktopType, "active", "ok")
	if err != nil {
		return nil, err
	}
	seen, err := d.expectLive(ctx, d.desktop.ID, "active", desktopLicenses-1)
	return append(said, seen), err
}

func (d *demo) offlineRefused(ctx context.Context) ([]string, error) {
	request, err := d.agent.RequestFile(ctx, "", mobileType, agentapi.FileRequest{Kind: "activate", Key: d.mobile.key})
	if err != nil {
		return nil, err
	}
	_, err = d.staff.ExchangeFile(ctx, []byte(request.Data))
	line, err := refused(err, "offline_not_allowed")
	if err != nil {
		return nil, err
	}
	_, err = d.staff.SetOffline(ctx, d.mobile.ID, true)
	return []string{"request file " + request.Name, line, "staff switch it on"}, err
}

func (d *demo) activateMobile(ctx context.Context) ([]string, error) {
	request, err := d.agent.PendingFile(ctx, "", mobileType)
	if err != nil {
		return nil, err
	}
	answer, err := d.staff.ExchangeFile(ctx, []byte(request.Data))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(d.path(answer.Name), answer.Data, 0o600); err != nil {
		return nil, err
	}
	review, err := d.agent.InspectFile(ctx, answer.Data)
	if err != nil {
		return nil, err
	}
	if review.License == nil || review.Row.Status == "active" {
		return nil, fmt.Errorf("the review shows no license, or has activated already")
	}
	loaded, err := d.agent.LoadFile(ctx, answer.Data)
	if err != nil {
		return nil, err
	}
	if loaded.Row.Status != "active" || loaded.Row.License.Method != "offline" {
		return nil, fmt.Errorf("the row is %s after loading", loaded.Row.Status)
	}
	return []string{
		"the pending request file survived: " + request.Name,
		fmt.Sprintf("review: %s, %s, until %s", review.License.Product, review.License.TypeName, review.License.EndDate),
		fmt.Sprintf("%s loaded; the file runs until %s", answer.Name, loaded.Row.License.LicensedUntil.Format(time.DateOnly)),
	}, nil
}

// licenseFile gives a license file of the Mobile row that nobody asked for.
func (d *demo) licenseFile(ctx context.Context) (api.File, error) {
	a, found, err := d.live(ctx, d.mobile.ID)
	if err != nil || !found {
		return api.File{}, fmt.Errorf("no live Mobile row: %w", orNone(err))
	}
	return d.staff.IssueLicense(ctx, a.ID)
}

func (d *demo) tamper(ctx context.Context) ([]string, error) {
	file, err := d.licenseFile(ctx)
	if err != nil {
		return nil, err
	}
	form, compact, err := licensefile.Dearmor(file.Data)
	if err != nil {
		return nil, err
	}
	at := strings.LastIndexByte(compact, '.') + 10 // inside the signature
	_, err = d.agent.LoadFile(ctx, licensefile.Armor(form, compact[:at]+mistype(compact[at:])))
	line, err := refused(err, "signature_invalid")
	if err != nil {
		return nil, err
	}
	_, err = d.agent.LoadFile(ctx, file.Data)
	return []string{line, "the untouched file, which nobody asked for, is taken: " + file.Name}, err
}

func (d *demo) verify(ctx context.Context) ([]string, error) {
	file, err := d.licenseFile(ctx)
	if err != nil {
		return nil, err
	}
	_, compact, err := licensefile.Dearmor(file.Data)
	if err != nil {
		return nil, err
	}
	license, err := d.trust.VerifyLicense(compact, productCode, time.Now(), nil)
	if err != nil {
		return nil, err
	}
	return []string{fmt.Sprintf("signed by %s for %s, serial %d, until %s",
		license.Issuer, license.Audience, license.Serial, license.Expires.Time().Format(time.RFC3339))}, nil
}

func (d *demo) deactivateMobile(ctx context.Context) ([]string, error) {
	request, err := d.agent.RequestFile(ctx, "", mobileType, agentapi.FileRequest{Kind: "deactivate"})
	if err != nil {
		return nil, err
	}
	row, err := d.agent.Row(ctx, "", mobileType)
	if err != nil {
		return nil, err
	}
	_, held, err := d.live(ctx, d.mobile.ID)
	if err != nil {
		return nil, err
	}
	if row.Status != "deactivated" || !held {
		return nil, fmt.Errorf("the agent's row is %s and the key held: %v, want deactivated and still held", row.Status, held)
	}
	if _, err := d.staff.ExchangeFile(ctx, []byte(request.Data)); err != nil {
		return nil, err
	}
	_, held, err = d.live(ctx, d.mobile.ID)
	if held {
		return nil, fmt.Errorf("the key is still held after the request file arrived")
	}
	return []string{"deactivated here at once; the key is held until " + request.Name + " is uploaded, and then free"}, err
}

func (d *demo) release(ctx context.Context) ([]string, error) {
	a, found, err := d.live(ctx, d.desktop.ID)
	if err != nil || !found {
		return nil, fmt.Errorf("no live Desktop row: %w", orNone(err))
	}
	if _, err := d.staff.Release(ctx, a.ID, "Shown in the demo"); err != nil {
		return nil, err
	}
	row, err := d.agent.Refresh(ctx, "", desktopType)
	if err != nil {
		return nil, err
	}
	if row.Status != "deactivated" || row.Ended == nil {
		return nil, fmt.Errorf("the agent's row is %s, want deactivated", row.Status)
	}
	reason := row.Ended.Reason
	if row, err = d.agent.Activate(ctx, "", desktopType, d.desktop.key); err != nil {
		return nil, err
	}
	return []string{"told to the agent: " + reason, fmt.Sprintf("activated again, serial %d", row.License.Serial)}, nil
}

func (d *demo) killAgent(ctx context.Context) ([]string, error) {
	before, err := d.agent.Row(ctx, "", desktopType)
	if err != nil {
		return nil, err
	}
	if err := d.agentProcess.cmd.Process.Kill(); err != nil {
		return nil, err
	}
	d.agentProcess.cmd.Wait() //nolint:errcheck // it was killed
	if err := d.agentProcess.log.Close(); err != nil {
		return nil, err
	}
	d.agentProcess = nil
	if err := d.runAgent(ctx, d.path("publisher-root.pem")); err != nil {
		return nil, err
	}
	after, err := d.agent.Row(ctx, "", desktopType)
	if err != nil {
		return nil, err
	}
	if after.Used != before.Used || after.License == nil || after.License.Serial < before.License.Serial {
		return nil, fmt.Errorf("after the crash %d devices, before %d", after.Used, before.Used)
	}
	return []string{fmt.Sprintf("%d devices and license %d are still here", after.Used, after.License.Serial)}, nil
}
