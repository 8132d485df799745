package agentapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/agent"
	"github.com/licethq/licet/internal/agent/agentapi"
	"github.com/licethq/licet/internal/agent/agenttest"
	"github.com/licethq/licet/internal/httpserver"
	"github.com/licethq/licet/internal/problem"
)

const (
	token      = "lat_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	desktopKey = "DESK-AAAA-BBBB-CCCC-0001"
	mobileKey  = "MOBI-AAAA-BBBB-CCCC-0002"
)

// fixture is an agent that serves its API on loopback.
type fixture struct {
	*agentapi.Client
	agent     *agent.Agent
	publisher *agenttest.Publisher
	handler   http.Handler
	document  *huma.OpenAPI
	url       string
	log       *bytes.Buffer
	mu        *sync.Mutex
}

type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{publisher: agenttest.NewPublisher(t, time.Now), log: &bytes.Buffer{}, mu: &sync.Mutex{}}
	logger := slog.New(slog.NewTextHandler(lockedWriter{f.mu, f.log}, nil))
	var err error
	f.agent, err = agent.Open(t.Context(), agent.Config{
		State: t.TempDir(), Server: "http://publisher.example.com", Trust: f.publisher.Trust, Product: "fleet-manager",
		HTTP: f.publisher.Client(), Logger: logger,
	})
	must(t, err)
	t.Cleanup(func() { must(t, f.agent.Close()) })
	server, err := httpserver.New(httpserver.Config{
		Listen: "127.0.0.1:0", Ready: f.agent.Ping, Logger: logger, Guard: agentapi.Guard(token, "127.0.0.1:0", "agent.example.com"),
	})
	must(t, err)
	f.document, err = agentapi.Register(server, f.agent, nil)
	must(t, err)
	f.handler = server
	listening := httptest.NewServer(server)
	t.Cleanup(listening.Close)
	f.url = listening.URL
	f.Client, err = agentapi.NewClient(agentapi.Address{URL: f.url, Token: token})
	must(t, err)
	return f
}

func (f *fixture) logged() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log.String()
}

// send sends a request as it is and gives status, code and body of the answer.
func (f *fixture) send(t *testing.T, method, path string, header http.Header, body io.Reader) (status int, code problem.Code, answer []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, f.url+path, body)
	must(t, err)
	for name, values := range header {
		req.Header[name] = values
	}
	if host := header.Get("Host"); host != "" {
		req.Host = host
	}
	res, err := new(http.Client).Do(req)
	must(t, err)
	defer res.Body.Close()
	answer, err = io.ReadAll(res.Body)
	must(t, err)
	var p httpserver.ProblemBody
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") {
		must(t, json.Unmarshal(answer, &p))
	}
	return res.StatusCode, problem.Code(p.Code), answer
}

func authorized() http.Header {
	return http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func code(err error) problem.Code {
	if err == nil {
		return ""
	}
	return problem.From(err).Code
}

var update = flag.Bool("update", false, "rewrite the golden file")

func TestOpenAPIDocumentIsTheGoldenFile(t *testing.T) {
	f := newFixture(t)
	_, _, served := f.send(t, http.MethodGet, "/v1/openapi.json", authorized(), http.NoBody)
	var indented bytes.Buffer
	must(t, json.Indent(&indented, served, "", "  "))
	indented.WriteByte('\n')
	golden := filepath.Join("testdata", "openapi.json")
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(golden, indented.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if diff := cmp.Diff(string(want), indented.String()); diff != "" {
		t.Errorf("the API changed; look at it, then run: go test ./internal/agent/agentapi -run OpenAPI -update (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(f.document.OpenAPI, "3.1") {
		t.Errorf("the document is OpenAPI %s", f.document.OpenAPI)
	}
}

func TestWholeStoryThroughTheClient(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	f.publisher.Sell(desktopKey, "desktop", 2)
	preview, err := f.Preview(ctx, "", "Desktop", desktopKey)
	must(t, err)
	if *preview.Maximum != 2 || preview.LicenseType != "desktop" {
		t.Errorf("preview %+v", preview)
	}
	row, err := f.Activate(ctx, "Default", "desktop", desktopKey)
	must(t, err)
	if row.Status != "active" || row.License.Key != "••••-0001" || *row.Remaining != 2 || row.License.Method != "online" || row.NextSync == nil {
		t.Errorf("row %+v", row)
	}
	enrolled, err := f.Enroll(ctx, agentapi.NewDevice{SerialNumber: "C02A", Model: "Mac14,2"})
	must(t, err)
	if enrolled.Decision.Verdict != "allow" || !enrolled.Device.Managed {
		t.Errorf("enrolled %+v", enrolled)
	}
	difference, err := f.Sync(ctx, "csv", agentapi.List{CSV: "serial_number,platform\nC02B,mac\nC02C,mac\n"})
	must(t, err)
	if difference.Applied || len(difference.Added) != 2 || difference.Rows[0].Used != 3 || *difference.Rows[0].Maximum != 2 {
		t.Errorf("difference %+v", difference)
	}
	difference, err = f.Sync(ctx, "csv", agentapi.List{CSV: "serial_number,platform\nC02B,mac\nC02C,mac\n", Apply: true, Digest: difference.Digest})
	must(t, err)
	status, err := f.Status(ctx)
	must(t, err)
	if !difference.Applied || status.State != "warning" || status.Problems[0].Code != "over_limit" || status.Problems[0].Remedies[0].Count != 1 {
		t.Errorf("status %+v", status)
	}
	decision, err := f.May(ctx, agentapi.Question{Operation: "push_policy", LicenseType: "desktop"})
	must(t, err)
	if decision.Verdict != "warn" || decision.Code != "over_limit" || decision.Used != 3 {
		t.Errorf("decision %+v", decision)
	}
	devices, err := f.AllDevices(ctx, agentapi.DeviceQuery{Search: "c02", Limit: 1})
	must(t, err)
	if len(devices) != 3 {
		t.Errorf("found %d devices", len(devices))
	}
	gone, err := f.Unenroll(ctx, enrolled.Device.ID, "api")
	must(t, err)
	if gone.Managed {
		t.Errorf("device %+v", gone)
	}
	row, err = f.Refresh(ctx, "", "desktop")
	must(t, err)
	if row.Used != 2 || row.Status != "active" {
		t.Errorf("row %+v", row)
	}
	row, err = f.Deactivate(ctx, "", "desktop")
	must(t, err)
	if row.Status != "deactivated" || row.License != nil || !row.Ended.Released {
		t.Errorf("row %+v", row)
	}
}

func TestOfflineStoryThroughTheClient(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	f.publisher.Sell(mobileKey, "mobile", 5, func(k *agenttest.SoldKey) { k.Offline = true })
	request, err := f.RequestFile(ctx, "", "mobile", agentapi.FileRequest{Kind: "activate", Key: mobileKey})
	must(t, err)
	again, err := f.PendingFile(ctx, "", "mobile")
	must(t, err)
	if diff := cmp.Diff(request, again); diff != "" {
		t.Errorf("the file that waits (-want +got):\n%s", diff)
	}
	answer := f.publisher.TakeFile(t, []byte(request.Data))
	shown, err := f.InspectFile(ctx, answer)
	must(t, err)
	if shown.License == nil || *shown.Maximum != 5 || shown.Row.Status != "not_activated" || shown.Row.Pending == nil {
		t.Errorf("inspected %+v", shown)
	}
	loaded, err := f.LoadFile(ctx, answer)
	must(t, err)
	if loaded.Row.Status != "active" || loaded.Row.License.Method != "offline" || loaded.Row.NextSync != nil || loaded.Row.Pending != nil {
		t.Errorf("loaded %+v", loaded)
	}
	if _, err := f.LoadFile(ctx, answer); code(err) != problem.LicenseNotNewer {
		t.Errorf("loading it again gives %v", err)
	}
	if err := f.DiscardFile(ctx, "", "mobile"); code(err) != problem.NoPendingRequest {
		t.Errorf("discarding nothing gives %v", err)
	}
	if _, err := f.Deactivate(ctx, "", "mobile"); code(err) != problem.WrongMethod {
		t.Errorf("deactivating it online gives %v", err)
	}
}

func TestSitesAndSourcesThroughTheClient(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	oslo, err := f.CreateSite(ctx, "Oslo")
	must(t, err)
	if _, err := f.CreateSite(ctx, "OSLO"); code(err) != problem.Conflict {
		t.Errorf("the same name again gives %v", err)
	}
	renamed, err := f.RenameSite(ctx, oslo.ID, "Bergen 5/6")
	must(t, err)
	row, err := f.Row(ctx, "Bergen 5/6", "mobile")
	must(t, err)
	if row.SiteID != renamed.ID || row.Status != "not_activated" {
		t.Errorf("row %+v", row)
	}
	source, err := f.CreateSource(ctx, agentapi.NewSource{Name: "mdm", Kind: "nanomdm", Site: "bergen 5/6"})
	must(t, err)
	if source.Webhook != "/webhook/nanomdm/mdm" || len(source.Secret) < 32 || source.SiteID != oslo.ID {
		t.Errorf("source %+v", source)
	}
	sources, err := f.Sources(ctx)
	must(t, err)
	if len(sources) != 3 || strings.Contains(f.logged(), source.Secret) {
		t.Errorf("sources %+v", sources)
	}
	rows, err := f.Rows(ctx)
	must(t, err)
	if len(rows) != 4 || rows[0].Site != "Default" {
		t.Errorf("rows %+v", rows)
	}
	about, err := f.About(ctx)
	must(t, err)
	if about.Product != "fleet-manager" || len(about.Installation) != 43 || len(about.LicenseTypes) != 2 {
		t.Errorf("about %+v", about)
	}
}
