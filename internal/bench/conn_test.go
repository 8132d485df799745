package bench

import (
	"net"
	"strings"
	"testing"
)

// answering serves one connection with a fixed answer to whatever is asked.
func answering(t *testing.T, answer string) *Conn {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		buffer := make([]byte, 4096)
		for {
			if _, err := c.Read(buffer); err != nil {
				return
			}
			if _, err := c.Write([]byte(answer)); err != nil {
				return
			}
		}
	}()
	c, err := Dial(t.Context(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		l.Close()
		<-served
	})
	return c
}

func TestAnAnswerIsReadWhateverSaysItsLength(t *testing.T) {
	long := strings.Repeat("x", 40_000)
	cases := []struct {
		name, answer string
		status       int
		body         string
	}{
		{"declared", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"},
		{"declared in another case", "HTTP/1.1 409 Conflict\r\ncontent-length:2\r\n\r\n{}", 409, "{}"},
		{"empty", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, ""},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", 200, "hello world"},
		{"long", "HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n" + long, 200, long},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			conn := answering(t, c.answer)
			for range 2 { // the second answer begins where the first ended
				status, body, err := conn.Do(ExchangeCall("127.0.0.1:1", "a.b.c"))
				if err != nil || status != c.status || string(body) != c.body {
					t.Fatalf("Do = %d, %d bytes, %v; want %d, %d bytes", status, len(body), err, c.status, len(c.body))
				}
			}
		})
	}
}

func TestAnAnswerThatIsNoHTTPIsAnError(t *testing.T) {
	cases := map[string]string{
		"another protocol":  "SSH-2.0-example\r\n",
		"no status":         "HTTP/1.1 abc\r\n\r\n",
		"no length":         "HTTP/1.1 200 OK\r\n\r\nhello",
		"a negative length": "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
		"a huge length":     "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
		"a bad chunk":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	}
	for name, answer := range cases {
		t.Run(name, func(t *testing.T) {
			if status, _, err := answering(t, answer).Do(ExchangeCall("127.0.0.1:1", "a.b.c")); err == nil {
				t.Errorf("Do = %d, want an error", status)
			}
		})
	}
}

func TestTheSerialIsReadFromAnUncheckedAnswer(t *testing.T) {
	cases := []struct {
		name, answer string
		want         int64
		wantErr      bool
	}{
		{"a license", "e30.eyJzZXJpYWwiOjQyLCJqdGkiOiJ4In0.c2ln", 42, false}, // {"serial":42,"jti":"x"}
		{"a receipt without one", "e30.e30.c2ln", 0, false},
		{"no message", "hello", 0, true},
		{"no base64", "e30.***.c2ln", 0, true},
		{"no number", "e30.eyJzZXJpYWwiOm51bGx9.c2ln", 0, true}, // {"serial":null}
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := AnsweredSerial([]byte(c.answer))
			if got != c.want || (err != nil) != c.wantErr {
				t.Errorf("AnsweredSerial = %d, %v; want %d, error %v", got, err, c.want, c.wantErr)
			}
		})
	}
}
