package httpserver

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strconv"
	"sync/atomic"
)

// idMaker makes request ids: a random start of the process and a count, so that
// an id costs next to nothing and two servers never share one.
type idMaker struct {
	start string
	count atomic.Uint64
}

func newIDMaker() *idMaker {
	var random [6]byte
	rand.Read(random[:]) // never fails since Go 1.24
	return &idMaker{start: hex.EncodeToString(random[:]) + "-"}
}

func (m *idMaker) next() string {
	var buf [40]byte
	b := append(buf[:0], m.start...)
	b = strconv.AppendUint(b, m.count.Add(1), 36)
	return string(b)
}

// requestID takes the id of a declared proxy if it is well-formed, else makes one.
func (s *Server) requestID(r *http.Request) string {
	if s.cfg.BehindProxy {
		if given := r.Header["X-Request-Id"]; len(given) == 1 && wellFormedID(given[0]) {
			return given[0]
		}
	}
	return s.ids.next()
}

func wellFormedID(id string) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}
