package httpserver

import (
	"context"
	"net/http"
	"strings"

	"github.com/licethq/licet/internal/problem"
)

// unmatched answers what no route takes: 405 when another method would be
// taken, else 404. The mux itself would answer in plain text.
func (s *Server) unmatched(w http.ResponseWriter, r *http.Request) {
	allowed := s.allowedMethods(r)
	if len(allowed) == 0 {
		Problem(w, r, problem.Newf(problem.NotFound, "There is nothing at this address."))
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	Problem(w, r, problem.New(problem.MethodNotAllowed))
}

func (s *Server) allowedMethods(r *http.Request) []string {
	if !cleanPath(r.URL.Path) {
		return nil
	}
	var allowed []string
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := s.mux.Handler(probe); pattern != "/" && pattern != "" {
			allowed = append(allowed, method)
		}
	}
	return allowed
}

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) { writeStatus(w, "ok") }

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		Problem(w, r, problem.New(problem.ShuttingDown))
		return
	}
	if s.cfg.Ready != nil {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := s.cfg.Ready(ctx); err != nil {
			if !problem.Is(err, problem.DatabaseUnavailable) {
				err = problem.New(problem.DatabaseUnavailable).Because(err)
			}
			Problem(w, r, err)
			return
		}
	}
	writeStatus(w, "ready")
}

func writeStatus(w http.ResponseWriter, status string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write([]byte(`{"status":"` + status + `"}` + "\n"))
}
