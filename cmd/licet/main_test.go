package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/licethq/licet/api"
)

// TestMain lets a test run the program as another process: the test binary
// itself, told by the environment to be licet.
func TestMain(m *testing.M) {
	if os.Getenv("LICET_TEST_AS_PROGRAM") == "1" {
		main()
	}
	os.Exit(m.Run())
}

// licet runs the program in this process and gives what it printed.
func licet(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	p := program{
		args: args, stdin: strings.NewReader(""), stdout: &out, stderr: &errs,
		getenv: func(name string) string { return env[name] },
	}
	code = p.run(t.Context())
	return code, out.String(), errs.String()
}

// process is a server in a process of its own.
type process struct {
	*exec.Cmd
	data string
	addr string
	log  *bufio.Reader
}

var listening = regexp.MustCompile(`msg=listening url=http://(\S+)`)

// serve starts a server as another process and waits until it listens.
func serve(t *testing.T) *process {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	p := &process{data: data, Cmd: exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0], "server", "--data", data, "--listen", "127.0.0.1:0",
		"--publisher", "Example Software", "--time-zone", "Europe/Paris")}
	p.Env = append(os.Environ(), "LICET_TEST_AS_PROGRAM=1")
	stderr, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() }) // of a test that failed; else it has ended
	p.log = bufio.NewReader(stderr)
	for p.addr == "" {
		line, err := p.log.ReadString('\n')
		if err != nil {
			t.Fatalf("the server ended before it listened: %v", err)
		}
		if found := listening.FindStringSubmatch(line); found != nil {
			p.addr = found[1]
		}
	}
	return p
}

// await reads the log up to a line that holds a text.
func (p *process) await(t *testing.T, text string) {
	t.Helper()
	for {
		line, err := p.log.ReadString('\n')
		if strings.Contains(line, text) {
			return
		}
		if err != nil {
			t.Fatalf("the log ended before %q: %v", text, err)
		}
	}
}

// end reads the rest of the log and gives how the process ended.
func (p *process) end() error {
	_, _ = io.Copy(io.Discard, p.log)
	return p.Wait()
}

func TestSIGTERMLetsARequestInFlightFinish(t *testing.T) {
	p := serve(t)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// The server has the head and half of the body, and asked for the rest.
	head := "POST /exchange/v1 HTTP/1.1\r\nHost: licet\r\nContent-Type: application/jose\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n"
	if _, err := io.WriteString(conn, head); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("got %q %v, want 100 Continue", line, err)
	}
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.await(t, "msg=draining")
	if _, err := io.WriteString(conn, "0123456789"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("the request in flight was dropped: %v", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), "file_malformed") {
		t.Errorf("the request in flight: %d %s %v", res.StatusCode, body, err)
	}
	if err := p.end(); err != nil {
		t.Errorf("the server ended with %v, want 0", err)
	}
	if code, stdout, stderr := licet(t, nil, "events", "verify", "--data", p.data); code != 0 {
		t.Errorf("the log afterwards: %d %s %s", code, stdout, stderr)
	}
}

func TestOperatorsLookAfterARunningServer(t *testing.T) {
	p := serve(t)
	code, stdout, stderr := licet(t, nil, "staff", "create", "--data", p.data, "--email", "owner@example.com", "--role", "owner")
	if code != 0 || !regexp.MustCompile(`^lic_[a-z2-7]{39}\n$`).MatchString(stdout) {
		t.Fatalf("staff create: %d %q %q, want a token alone", code, stdout, stderr)
	}
	owner := api.New("http://"+p.addr, strings.TrimSpace(stdout))
	publisher, err := owner.Publisher(t.Context())
	if err != nil || publisher.Name != "Example Software" {
		t.Fatalf("publisher: %+v %v", publisher, err)
	}
	if code, root, _ := licet(t, nil, "keys", "export-root", "--data", p.data); code != 0 || root != publisher.Root {
		t.Errorf("keys export-root: %d %q, want what the API shows", code, root)
	}
	if code, _, stderr := licet(t, nil, "keys", "rotate", "--data", p.data); code != 0 {
		t.Errorf("keys rotate: %d %s", code, stderr)
	}
	rootKey := filepath.Join(t.TempDir(), "root.pem")
	if code, _, stderr := licet(t, nil, "keys", "take-offline", "--data", p.data, "--to", rootKey); code != 0 {
		t.Errorf("keys take-offline: %d %s", code, stderr)
	}
	if info, err := os.Stat(rootKey); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the root's key: %v %v, want mode 0600", info, err)
	}
	if code, _, stderr := licet(t, nil, "keys", "rotate", "--data", p.data); code != 1 || !strings.Contains(stderr, "(root_key_needed)") {
		t.Errorf("keys rotate without the root: %d %s, want root_key_needed", code, stderr)
	}
	if code, _, stderr := licet(t, nil, "keys", "rotate", "--data", p.data, "--root-key", rootKey); code != 0 {
		t.Errorf("keys rotate with the root: %d %s", code, stderr)
	}
	_, list, _ := licet(t, nil, "keys", "list", "--data", p.data)
	oldest := regexp.MustCompile(`(?m)^(\S+) .*replaced$`).FindStringSubmatch(list)
	if strings.Count(list, "replaced") != 2 || strings.Count(list, "signing\n") != 1 || oldest == nil {
		t.Fatalf("keys list:\n%s\nwant two replaced and one that signs", list)
	}
	if code, _, stderr := licet(t, nil, "keys", "revoke", "--data", p.data, "--root-key", rootKey, oldest[1]); code != 0 {
		t.Errorf("keys revoke: %d %s", code, stderr)
	}
	if after, err := owner.Publisher(t.Context()); err != nil || after.RevocationNumber != 1 {
		t.Errorf("the running server's revocation list: %+v %v, want number 1", after.RevocationNumber, err)
	}
	_, staff, _ := licet(t, nil, "staff", "list", "--data", p.data)
	token := regexp.MustCompile(`owner@example\.com +owner +(\S+)`).FindStringSubmatch(staff)
	if token == nil {
		t.Fatalf("staff list:\n%s", staff)
	}
	if code, _, stderr := licet(t, nil, "staff", "revoke", "--data", p.data, token[1]); code != 0 {
		t.Errorf("staff revoke: %d %s", code, stderr)
	}
	if _, err := owner.Publisher(t.Context()); err == nil {
		t.Error("the revoked token still works")
	}
	backup := filepath.Join(t.TempDir(), "backup.db")
	if code, _, stderr := licet(t, nil, "backup", "--data", p.data, "--to", backup); code != 0 {
		t.Errorf("backup: %d %s", code, stderr)
	}
	if code, _, stderr := licet(t, nil, "restore", "--data", p.data, "--from", backup); code != 1 || !strings.Contains(stderr, "(data_folder_in_use)") {
		t.Errorf("restore under a running server: %d %s, want data_folder_in_use", code, stderr)
	}
	other := filepath.Join(t.TempDir(), "other")
	key := filepath.Join(p.data, "master.key")
	if code, _, stderr := licet(t, nil, "restore", "--data", other, "--master-key-file", key, "--from", backup); code != 0 {
		t.Errorf("restore elsewhere: %d %s", code, stderr)
	}
	text, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"LICET_MASTER_KEY": string(text)}
	if code, stdout, stderr := licet(t, env, "events", "verify", "--data", other); code != 0 || !strings.Contains(stdout, "intact") {
		t.Errorf("events verify with the key from the environment: %d %s %s", code, stdout, stderr)
	}
	if code, _, stderr := licet(t, nil, "events", "verify", "--data", other); code != 1 || !strings.Contains(stderr, "(configuration_invalid)") {
		t.Errorf("events verify without a key: %d %s", code, stderr)
	}
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := p.end(); err != nil {
		t.Errorf("the server ended with %v, want 0", err)
	}
}

func TestFailuresEndWithASentenceAndACode(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	tests := []struct {
		name   string
		args   []string
		code   int
		stderr string
	}{
		{"no command", nil, 2, "expected one of"},
		{"an unknown command", []string{"fly"}, 2, "unexpected argument fly"},
		{"a missing flag", []string{"server"}, 2, "--data"},
		{"a first start without names", []string{"server", "--data", data, "--listen", "127.0.0.1:0"}, 1, "(configuration_invalid)"},
		{"plain HTTP off loopback", []string{
			"server", "--data", data, "--listen", "0.0.0.0:0", "--publisher", "P", "--time-zone", "UTC",
		}, 1, "(configuration_invalid)"},
		{"no data", []string{"events", "verify", "--data", data + "x"}, 1, "(configuration_invalid)"},
		{"a role that does not exist", []string{
			"staff", "create", "--data", data, "--email", "a@example.com", "--role", "king",
		}, 1, "/role must be owner, sales, support or auditor"},
		{"a database URL of another kind", []string{"events", "verify", "--data", data, "--database", "mysql://root:hunter2@x/y"}, 1, "postgres://"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := licet(t, nil, tt.args...)
			if code != tt.code || !strings.Contains(stderr, tt.stderr) || stdout != "" {
				t.Errorf("got %d, stdout %q, stderr %q; want %d with %q", code, stdout, stderr, tt.code, tt.stderr)
			}
			if strings.Contains(stderr, "hunter2") {
				t.Errorf("the error tells a password: %s", stderr)
			}
		})
	}
}

func TestHelpAndVersionAreGiven(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"server", "--help"}, {"version"}} {
		if code, stdout, stderr := licet(t, nil, args...); code != 0 || !strings.Contains(stdout, "licet") {
			t.Errorf("%v: %d %q %q", args, code, stdout, stderr)
		}
	}
}
