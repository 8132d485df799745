package e2e

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/licethq/licet/internal/bench"
	"github.com/licethq/licet/internal/database"
)

// TestScripts walks through the command line. Beside the commands of testscript
// the scripts have:
//
//	start NAME ARG…         runs licet ARG… and waits until it listens; $NAME is its host:port
//	end NAME, crash NAME    ends it by SIGTERM, and then with 0, or by SIGKILL
//	keep VAR                sets $VAR to the output of the last command
//	get VAR MEMBER.MEMBER   sets $VAR to a member of the JSON in that output; a number picks of a list
//	[!] call METHOD URL [FILE [TYPE]]
//	                        sends a request, with $TOKEN if set, and gives status and body; ! wants a status from 400
//	person VAR FILE EMAIL [ORGANIZATION]
//	                        makes somebody in a server's SQLite database who has signed in, account administrator of
//	                        the organization if there is one; $VAR is what the cookie of their session holds
//	sql FILE STATEMENT      changes a SQLite database behind a server's back
//	event FILE TYPE SERIAL AGE
//	                        writes what NanoMDM posts when a Mac has sent a check-in message, so long ago
//	sign VAR SECRET FILE    sets $VAR to the file's HMAC, as NanoMDM gives it
//
// A call has $SIGNATURE as X-Hmac-Signature, $HOST_HEADER as its host, and $COOKIE as its session, if set.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", filepath.Dir(os.Getenv(binaryVariable))+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Values[processesKey{}] = map[string]*bench.Process{}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"start": start,
			"end":   func(ts *testscript.TestScript, _ bool, args []string) { ts.Check(process(ts, args).Stop()) },
			"crash": func(ts *testscript.TestScript, _ bool, args []string) { ts.Check(process(ts, args).Kill()) },
			"keep":  keep,
			"get":   get,
			"call":  call,
			"sql":   changeBehind,
			"event": event,
			"sign":  sign,

			"person": person,
		},
	})
}

// processesKey finds the processes of a script by name.
type processesKey struct{}

func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME ARG…")
	}
	// The script ends the process, or its cleanup does.
	cmd := exec.CommandContext(context.Background(), os.Getenv(binaryVariable), args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + ts.Getenv("HOME"), "TMPDIR=" + ts.Getenv("TMPDIR")}
	p, err := bench.StartProcess(context.Background(), cmd)
	ts.Check(err)
	ts.Setenv(args[0], p.Address)
	processes(ts)[args[0]] = p
	ts.Defer(func() {
		if err := p.Kill(); err != nil {
			ts.Logf("end %s: %v", args[0], err)
		}
		ts.Logf("[log of %s]\n%s", args[0], p.Log())
	})
}

func processes(ts *testscript.TestScript) map[string]*bench.Process {
	return ts.Value(processesKey{}).(map[string]*bench.Process)
}

func process(ts *testscript.TestScript, args []string) *bench.Process {
	if len(args) != 1 || processes(ts)[args[0]] == nil {
		ts.Fatalf("there is no process %q", args)
	}
	return processes(ts)[args[0]]
}

func keep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: keep VAR")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: get VAR MEMBER.MEMBER")
	}
	output := ts.ReadFile("stdout")
	start := strings.IndexAny(output, "{[")
	if start < 0 {
		ts.Fatalf("no JSON in the output:\n%s", output)
	}
	var value any
	ts.Check(json.Unmarshal([]byte(output[start:]), &value))
	for _, member := range strings.Split(args[1], ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[member]
		case []any:
			var i int
			_, err := fmt.Sscan(member, &i)
			ts.Check(err)
			value = v[i]
		}
	}
	if value == nil {
		ts.Fatalf("there is no %s in\n%s", args[1], output)
	}
	ts.Setenv(args[0], fmt.Sprint(value))
}

// reference is a variable in the body of a call.
var reference = regexp.MustCompile(`\$[A-Z_]+`)

func call(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: call METHOD URL [FILE [TYPE]]")
	}
	body, contentType := io.Reader(http.NoBody), "application/json"
	if len(args) > 2 {
		text := reference.ReplaceAllStringFunc(ts.ReadFile(args[2]), func(r string) string { return ts.Getenv(r[1:]) })
		body = strings.NewReader(text)
	}
	if len(args) > 3 {
		contentType = args[3]
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, args[0], args[1], body)
	ts.Check(err)
	request.Header.Set("Content-Type", contentType)
	if token := ts.Getenv("TOKEN"); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if cookie := ts.Getenv("COOKIE"); cookie != "" {
		request.Header.Set("Cookie", "__Host-licet="+cookie)
	}
	if host := ts.Getenv("HOST_HEADER"); host != "" {
		request.Host = host
	}
	if signature := ts.Getenv("SIGNATURE"); signature != "" {
		request.Header.Set("X-Hmac-Signature", signature)
	}
	answer, err := (&http.Client{Timeout: time.Minute}).Do(request)
	ts.Check(err)
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s %s\n%s\n", answer.Status, answer.Header.Get("Content-Type"), bytes.TrimSpace(data))
	if failed := answer.StatusCode >= http.StatusBadRequest; failed != neg {
		ts.Fatalf("status %s", answer.Status)
	}
}

func changeBehind(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sql FILE STATEMENT")
	}
	inDatabase(ts, args[0], func(tx *database.Tx) error {
		_, err := tx.Exec(args[1])
		return err
	})
}

// inDatabase changes a SQLite database behind a server's back.
func inDatabase(ts *testscript.TestScript, file string, change func(tx *database.Tx) error) {
	db, err := database.Open(context.Background(), "sqlite:"+ts.MkAbs(file), database.Options{})
	ts.Check(err)
	ts.Check(db.InTx(context.Background(), change))
	ts.Check(db.Close())
}

func person(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: person VAR FILE EMAIL [ORGANIZATION]")
	}
	id, cookie := uuid.NewString(), rand.Text()
	hash := sha256.Sum256([]byte(cookie))
	now := database.Micros(time.Now())
	until := database.Micros(time.Now().AddDate(0, 0, 1))
	inDatabase(ts, args[1], func(tx *database.Tx) error {
		if _, err := tx.Exec(`INSERT INTO person (id, email, email_key, created_at) VALUES (?, ?, ?, ?)`, id, args[2], args[2], now); err != nil {
			return err
		}
		if len(args) == 4 {
			_, err := tx.Exec(`INSERT INTO membership (organization_id, person_id, role, created_at) VALUES (?, ?, 'account_administrator', ?)`,
				args[3], id, now)
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec(`INSERT INTO session (id, person_id, hash, stage, user_agent, address, created_at, last_seen_at, expires_at)
			VALUES (?, ?, ?, 'complete', 'script', '127.0.0.1', ?, ?, ?)`, uuid.NewString(), id, hash[:], now, now, until)
		return err
	})
	ts.Setenv(args[0], cookie)
}

func event(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: event FILE TYPE SERIAL AGE")
	}
	age, err := time.ParseDuration(args[3])
	ts.Check(err)
	udid := "UDID-OF-" + args[2]
	payload := `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict>` +
		`<key>MessageType</key><string>` + args[1] + `</string><key>UDID</key><string>` + udid + `</string>` +
		`<key>SerialNumber</key><string>` + args[2] + `</string><key>ProductName</key><string>Mac14,2</string>` +
		`<key>Topic</key><string>com.apple.mgmt.External.example</string></dict></plist>`
	data, err := json.Marshal(map[string]any{
		"topic": "mdm." + args[1], "created_at": time.Now().Add(-age),
		"checkin_event": map[string]any{
			"udid": udid, "ids": map[string]string{"id": udid, "type": "Device"}, "raw_payload": []byte(payload),
		},
	})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
}

func sign(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: sign VAR SECRET FILE")
	}
	mac := hmac.New(sha256.New, []byte(args[1]))
	mac.Write([]byte(ts.ReadFile(args[2])))
	ts.Setenv(args[0], base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}
