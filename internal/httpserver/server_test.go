package httpserver_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/internal/httpserver"
	"github.com/licethq/licet/internal/problem"
)

// running is a server under test.
type running struct {
	*httpserver.Server
	stop func()       // begins the drain
	done func() error // waits for the end
	http *http.Client
}

// start runs a server on loopback until the test ends.
func start(t *testing.T, cfg httpserver.Config, routes func(*httpserver.Server)) *running {
	t.Helper()
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	s, err := httpserver.New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	if routes != nil {
		routes(s)
	}
	if err := s.Listen(t.Context()); err != nil {
		t.Fatalf("Listen: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	done := sync.OnceValue(func() error { return <-ended })
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		cancel()
		_ = done() // the tests that care ask for it themselves
	})
	return &running{Server: s, stop: cancel, done: done, http: &http.Client{Transport: transport}}
}

type answer struct {
	status  int
	header  http.Header
	body    string
	problem httpserver.ProblemBody
}

func (s *running) do(t *testing.T, method, path string, body io.Reader, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.http.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, body: string(data)}
	_ = json.Unmarshal(data, &a.problem)
	return a
}

func TestErrorsAreProblems(t *testing.T) {
	s := start(t, httpserver.Config{}, func(s *httpserver.Server) {
		s.HandleFunc("POST /superseded", func(w http.ResponseWriter, r *http.Request) {
			p := problem.New(problem.RequestSuperseded)
			p.HighestSequence = 7
			p.RetryAfter = 1500 * time.Millisecond
			p.Fields = []problem.Field{{Pointer: "/a", Message: "must be b"}}
			httpserver.Problem(w, r, p.Because(os.ErrClosed))
		})
		s.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("key is ABCD") })
		s.HandleFunc("GET /uncoded", func(w http.ResponseWriter, r *http.Request) {
			httpserver.Problem(w, r, os.ErrPermission)
		})
	})
	tests := []struct {
		name, method, path string
		status             int
		code               problem.Code
		allow              string
	}{
		{"a coded error keeps its code", "POST", "/superseded", 409, problem.RequestSuperseded, ""},
		{"an uncoded error says nothing of its cause", "GET", "/uncoded", 500, problem.InternalError, ""},
		{"a panic says nothing of its value", "GET", "/panic", 500, problem.InternalError, ""},
		{"an unknown route is not found", "GET", "/no/such", 404, problem.NotFound, ""},
		{"the root is not found", "GET", "/", 404, problem.NotFound, ""},
		{"another method is named", "DELETE", "/superseded", 405, problem.MethodNotAllowed, "POST"},
		{"an unclean path is not redirected", "GET", "/x/../healthz", 404, problem.NotFound, ""},
		{"a doubled slash is not redirected", "GET", "//healthz", 404, problem.NotFound, ""},
		{"a path with a zero byte is not found", "GET", "/a%00b", 404, problem.NotFound, ""},
		{"a path that is no UTF-8 is not found", "GET", "/a%ff", 404, problem.NotFound, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := s.do(t, tt.method, tt.path, nil)
			want := httpserver.ProblemBody{
				Type: "urn:licet:problem:" + string(tt.code), Title: http.StatusText(tt.status), Status: tt.status,
				Detail: got.problem.Detail, Code: string(tt.code), RequestID: got.header.Get("X-Request-Id"),
				Errors: got.problem.Errors, HighestSequence: got.problem.HighestSequence,
			}
			if diff := cmp.Diff(want, got.problem); diff != "" || got.status != tt.status {
				t.Errorf("%s %s: status %d, problem (-want +got):\n%s", tt.method, tt.path, got.status, diff)
			}
			if got.header.Get("Content-Type") != "application/problem+json" || got.problem.Detail == "" || got.problem.RequestID == "" {
				t.Errorf("%s %s: got %+v with headers %v", tt.method, tt.path, got.problem, got.header)
			}
			if got.header.Get("Allow") != tt.allow {
				t.Errorf("Allow: got %q, want %q", got.header.Get("Allow"), tt.allow)
			}
			if strings.Contains(got.body, "ABCD") || strings.Contains(got.body, "permission denied") {
				t.Errorf("the answer tells its cause: %s", got.body)
			}
		})
	}
	got := s.do(t, "POST", "/superseded", nil)
	if got.problem.HighestSequence != 7 || got.header.Get("Retry-After") != "2" || len(got.problem.Errors) != 1 {
		t.Errorf("superseded: got %s with %v", got.body, got.header)
	}
}

func TestBodiesAreLimitedDeclaredOrChunked(t *testing.T) {
	const limit = 100
	s := start(t, httpserver.Config{}, func(s *httpserver.Server) {
		read := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); err != nil {
				httpserver.Problem(w, r, err)
			}
		})
		s.Handle("POST /limit", httpserver.Limit(limit, read))
		s.HandleFunc("POST /read", func(w http.ResponseWriter, r *http.Request) {
			data, err := httpserver.ReadBody(w, r, limit)
			if err != nil {
				httpserver.Problem(w, r, err)
				return
			}
			w.Write(data)
		})
	})
	declared := func(n int) func() io.Reader {
		return func() io.Reader { return strings.NewReader(strings.Repeat("x", n)) }
	}
	chunked := func(n int) func() io.Reader {
		return func() io.Reader { return io.MultiReader(strings.NewReader(strings.Repeat("x", n))) }
	}
	tests := []struct {
		name   string
		body   func() io.Reader
		status int
	}{
		{"declared at the limit", declared(limit), 200},
		{"declared over it", declared(limit + 1), 413},
		{"chunked at the limit", chunked(limit), 200},
		{"chunked over it", chunked(limit + 1), 413},
		{"empty", declared(0), 200},
	}
	for _, tt := range tests {
		for _, path := range []string{"/limit", "/read"} {
			t.Run(tt.name+path, func(t *testing.T) {
				got := s.do(t, "POST", path, tt.body())
				if got.status != tt.status {
					t.Errorf("status %d, want %d: %s", got.status, tt.status, got.body)
				}
			})
		}
	}
}

func TestDrainFinishesRequestsInFlightAndSaysSoFirst(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s := start(t, httpserver.Config{DrainDelay: 300 * time.Millisecond}, func(s *httpserver.Server) {
		s.HandleFunc("GET /slow", func(w http.ResponseWriter, r *http.Request) {
			close(entered)
			<-release
			if err := r.Context().Err(); err != nil {
				httpserver.Problem(w, r, err)
				return
			}
			w.Write([]byte("finished"))
		})
	})
	if got := s.do(t, "GET", "/readyz", nil); got.status != 200 {
		t.Fatalf("readyz before the drain: %d", got.status)
	}
	slow := make(chan answer, 1)
	go func() { slow <- s.do(t, "GET", "/slow", nil) }()
	<-entered
	s.stop()
	// The listener is still open, and says that it is closing.
	status := 200
	for status == 200 {
		status = s.do(t, "GET", "/readyz", nil).status
	}
	if status != 503 {
		t.Errorf("readyz while draining: %d, want 503", status)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.done() }()
	awaitClosed(t, s.ListenAddr())
	select {
	case err := <-ended:
		t.Fatalf("Run returned with a request in flight: %v", err)
	default:
	}
	close(release)
	if got := <-slow; got.status != 200 || got.body != "finished" {
		t.Errorf("the request in flight got %d %q", got.status, got.body)
	}
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}

// awaitClosed returns once nobody accepts connections at addr.
func awaitClosed(t *testing.T, addr string) {
	t.Helper()
	for {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			return
		}
		conn.Close()
	}
}

func TestRequestsThatOutliveTheDrainAreReported(t *testing.T) {
	entered := make(chan struct{})
	s := start(t, httpserver.Config{DrainLimit: 20 * time.Millisecond}, func(s *httpserver.Server) {
		s.HandleFunc("GET /stuck", func(_ http.ResponseWriter, r *http.Request) {
			close(entered)
			<-r.Context().Done()
		})
	})
	go func() {
		req, _ := http.NewRequest(http.MethodGet, s.URL()+"/stuck", http.NoBody) //nolint:noctx // outlives the test's context on purpose
		if res, err := s.http.Do(req); err == nil {
			res.Body.Close()
		}
	}()
	<-entered
	s.stop()
	if err := s.done(); err == nil || !strings.Contains(err.Error(), "did not finish") {
		t.Errorf("Run: %v, want that some requests did not finish", err)
	}
}

func TestReadyzAsksTheDatabase(t *testing.T) {
	var err error
	s := start(t, httpserver.Config{Ready: func(context.Context) error { return err }}, nil)
	if got := s.do(t, "GET", "/readyz", nil); got.status != 200 {
		t.Errorf("ready: %d", got.status)
	}
	err = os.ErrDeadlineExceeded
	got := s.do(t, "GET", "/readyz", nil)
	if got.status != 503 || got.problem.Code != "database_unavailable" || got.header.Get("Retry-After") == "" {
		t.Errorf("not ready: %d %s %v", got.status, got.body, got.header)
	}
	if got := s.do(t, "GET", "/healthz", nil); got.status != 200 {
		t.Errorf("healthz does not hang on the database: %d", got.status)
	}
}

func TestPlainHTTPIsRefusedOffLoopback(t *testing.T) {
	tests := []struct {
		name   string
		cfg    httpserver.Config
		refuse bool
	}{
		{"every interface", httpserver.Config{Listen: ":0"}, true},
		{"every IPv4 address", httpserver.Config{Listen: "0.0.0.0:0"}, true},
		{"every IPv6 address", httpserver.Config{Listen: "[::]:0"}, true},
		{"another host", httpserver.Config{Listen: "192.0.2.1:0"}, true},
		{"no port", httpserver.Config{Listen: "127.0.0.1"}, true},
		{"loopback", httpserver.Config{Listen: "127.0.0.1:0"}, false},
		{"loopback by name", httpserver.Config{Listen: "localhost:0"}, false},
		{"another loopback", httpserver.Config{Listen: "127.0.0.2:0"}, false},
		{"a certificate without key", httpserver.Config{Listen: "127.0.0.1:0", CertFile: "x"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := httpserver.New(tt.cfg)
			if err == nil {
				err = s.Listen(t.Context())
			}
			if err == nil {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				err = s.Run(ctx)
			}
			if refused := problem.Is(err, problem.ConfigurationInvalid); refused != tt.refuse {
				t.Errorf("listen on %q: %v, want refused %v", tt.cfg.Listen, err, tt.refuse)
			}
		})
	}
}

func TestForwardedHeadersCountOnlyBehindADeclaredProxy(t *testing.T) {
	routes := func(s *httpserver.Server) {
		s.HandleFunc("GET /who", func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte(httpserver.Address(r).String()))
		})
	}
	direct := start(t, httpserver.Config{}, routes)
	behind := start(t, httpserver.Config{BehindProxy: true}, routes)
	tests := []struct {
		name      string
		server    *running
		forwarded string
		want      string
	}{
		{"not declared", direct, "198.51.100.7", "127.0.0.1"},
		{"declared", behind, "198.51.100.7", "198.51.100.7"},
		{"only the proxy's own entry counts", behind, "203.0.113.9, 198.51.100.7", "198.51.100.7"},
		{"with a port", behind, "198.51.100.7:4711", "198.51.100.7"},
		{"IPv6 is one customer's /64", behind, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
		{"IPv4 in IPv6", behind, "::ffff:198.51.100.7", "198.51.100.7"},
		{"nonsense", behind, "unknown", "127.0.0.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.server.do(t, "GET", "/who", nil, "X-Forwarded-For", tt.forwarded)
			if got.body != tt.want {
				t.Errorf("address with %q: got %s, want %s", tt.forwarded, got.body, tt.want)
			}
		})
	}
}

func TestRequestIDsAreTakenOnlyFromADeclaredProxy(t *testing.T) {
	direct := start(t, httpserver.Config{}, nil)
	behind := start(t, httpserver.Config{BehindProxy: true}, nil)
	tests := []struct {
		name   string
		server *running
		given  string
		taken  bool
	}{
		{"not declared", direct, "proxy-0001", false},
		{"declared", behind, "proxy-0001", true},
		{"too short", behind, "abc", false},
		{"not well-formed", behind, "proxy 0001 <b>", false},
		{"too long", behind, strings.Repeat("x", 65), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.server.do(t, "GET", "/healthz", nil, "X-Request-Id", tt.given).header.Get("X-Request-Id")
			if taken := got == tt.given; taken != tt.taken || got == "" {
				t.Errorf("given %q: answered %q, want taken %v", tt.given, got, tt.taken)
			}
		})
	}
}

// syncBuffer is a log that many goroutines write.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestLogsHoldNoSecrets(t *testing.T) {
	const (
		token = "lic_0123456789abcdef0123456789"
		key   = "ABCDE-FGHJK-LMNPQ-RSTUV-WXYZ2"
		pin   = "4929123456789015"
		jws   = "eyJhbGciOiJFZERTQSJ9.eyJrZXkiOiJBQkNERSJ9.c2lnbmF0dXJl"
	)
	var log syncBuffer
	logger, err := httpserver.NewLogger(&log, "debug", "json")
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, httpserver.Config{Logger: logger}, func(s *httpserver.Server) {
		s.HandleFunc("POST /things/{id}", func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			logger.Error("careless", "body", string(body), "err", problem.New(problem.InternalError).Because(os.ErrClosed))
			panic("careless panic with " + string(body))
		})
	})
	for _, secret := range []string{token, key, pin, jws} {
		s.do(t, "POST", "/things/"+secret+"?key="+secret, strings.NewReader("the secret "+secret),
			"Authorization", "Bearer "+secret, "Cookie", "session="+secret, "X-Request-Id", secret)
		s.do(t, "GET", "/nowhere/"+secret, nil, "User-Agent", secret)
	}
	s.stop()
	if err := s.done(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if !strings.Contains(log.String(), `"route":"POST /things/{id}"`) {
		t.Fatalf("the log lacks the requests: %s", log.String())
	}
	for _, secret := range []string{token, key, pin, jws} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %s:\n%s", secret, log.String())
		}
	}
}

func TestSuccessesOfQuietRoutesAreLoggedForDebuggingOnly(t *testing.T) {
	var log syncBuffer
	s := start(t, httpserver.Config{Logger: slog.New(slog.NewJSONHandler(&log, nil))}, func(s *httpserver.Server) {
		s.Quiet("POST /hot")
		s.HandleFunc("POST /hot", func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength == 0 {
				httpserver.Problem(w, r, problem.New(problem.KeyUnknown))
			}
		})
	})
	s.do(t, "POST", "/hot", strings.NewReader("good"))
	s.do(t, "POST", "/hot", nil)
	s.stop()
	if err := s.done(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if n := strings.Count(log.String(), `"route":"POST /hot"`); n != 1 || !strings.Contains(log.String(), `"code":"key_unknown"`) {
		t.Errorf("got %d lines, want only the refusal: %s", n, log.String())
	}
}

func TestMetricsCountByRouteNotByPath(t *testing.T) {
	s := start(t, httpserver.Config{}, func(s *httpserver.Server) {
		s.HandleFunc("GET /things/{id}", func(http.ResponseWriter, *http.Request) {})
	})
	s.do(t, "GET", "/things/1", nil)
	s.do(t, "GET", "/things/2", nil)
	s.do(t, "BREW", "/nowhere/3", nil)
	got := s.do(t, "GET", "/metrics", nil).body
	for _, want := range []string{
		`licet_http_requests_total{method="GET",route="GET /things/{id}",status="200"} 2`,
		`licet_http_requests_total{method="other",route="unmatched",status="404"} 1`,
		`licet_http_request_duration_seconds_count{route="GET /things/{id}"} 2`,
		`go_goroutines`, `process_resident_memory_bytes`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("/metrics lacks %s:\n%s", want, got)
		}
	}
}

// writeCertificate writes a self-signed certificate for 127.0.0.1.
func writeCertificate(t *testing.T, dir string, serial int64) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write := func(name, kind string, data []byte) {
		if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(cert, "CERTIFICATE", der)
	write(key, "PRIVATE KEY", keyDER)
	return cert, key
}

func TestTLSIsServedAndFollowsARenewedCertificate(t *testing.T) {
	dir := t.TempDir()
	cert, key := writeCertificate(t, dir, 1)
	var mu sync.Mutex
	now := time.Now()
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	s := start(t, httpserver.Config{CertFile: cert, KeyFile: key, Now: clock}, nil)
	serial := func() int64 {
		t.Helper()
		conn, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(t.Context(), "tcp", s.ListenAddr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if got := s.do(t, "GET", "/healthz", nil); got.status != 200 || serial() != 1 {
		t.Fatalf("over TLS: %d, serial %d", got.status, serial())
	}
	writeCertificate(t, dir, 2)
	for _, name := range []string{cert, key} { // a file system's stamps may be coarse
		if err := os.Chtimes(name, now.Add(time.Hour), now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	now = now.Add(time.Minute)
	mu.Unlock()
	if got := serial(); got != 2 {
		t.Errorf("serial after the renewal: %d, want 2", got)
	}
	if err := os.WriteFile(key, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	now = now.Add(time.Minute)
	mu.Unlock()
	if got := serial(); got != 2 {
		t.Errorf("serial after a broken renewal: %d, want the old 2", got)
	}
}
