package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/licethq/licet/internal/server"
	"github.com/licethq/licet/internal/server/servertest"
	"github.com/licethq/licet/licensefile"
)

// BenchmarkPreview measures the exchange's cheapest request through HTTP on 64
// connections that are kept alive; the load is made in the same process. The
// command `licet bench` measures all operations, from another process.
func BenchmarkPreview(b *testing.B) {
	s := servertest.Start(b, func(c *server.Config) { c.LogLevel = "info" })
	p := open(b, s)
	i := p.install(b)
	compact := i.Seal(b, i.Request(licensefile.KindPreview, licensefile.Online, p.key, p.now))
	addr := strings.TrimPrefix(s.URL, "http://")
	request := []byte(fmt.Sprintf("POST /exchange/v1 HTTP/1.1\r\nHost: %s\r\nContent-Type: application/jose\r\nContent-Length: %d\r\n\r\n%s",
		addr, len(compact), compact))
	var failed atomic.Int64
	b.SetParallelism(32)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		conn, err := new(net.Dialer).DialContext(b.Context(), "tcp", addr)
		if err != nil {
			failed.Add(1)
			return
		}
		defer conn.Close()
		r := bufio.NewReader(conn)
		for pb.Next() {
			if _, err := conn.Write(request); err != nil {
				failed.Add(1)
				return
			}
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				failed.Add(1)
				return
			}
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				failed.Add(1)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	if n := failed.Load(); n > 0 {
		b.Errorf("%d requests failed", n)
	}
}
