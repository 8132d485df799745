package httpserver

import (
	"net/http"
	"net/netip"
	"strings"
)

func (s *Server) address(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr()
	if s.cfg.BehindProxy {
		if seen, ok := forwardedFor(r.Header); ok {
			addr = seen
		}
	}
	return collapse(addr)
}

// forwardedFor gives the last address of the last X-Forwarded-For: the one that
// the declared proxy wrote. Those before it are what the client claims.
func forwardedFor(h http.Header) (netip.Addr, bool) {
	lines := h["X-Forwarded-For"]
	if len(lines) == 0 {
		return netip.Addr{}, false
	}
	last := lines[len(lines)-1]
	if i := strings.LastIndexByte(last, ','); i >= 0 {
		last = last[i+1:]
	}
	last = strings.TrimSpace(last)
	if addr, err := netip.ParseAddr(last); err == nil {
		return addr, true
	}
	withPort, err := netip.ParseAddrPort(last)
	return withPort.Addr(), err == nil
}

// collapse takes an address to what one customer holds: an IPv4 address, or an
// IPv6 /64.
func collapse(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a
	}
	return p.Addr()
}
