package httpapi

import (
	"net/http"

	"github.com/licethq/licet/internal/httpapi/apidocs"
	"github.com/licethq/licet/internal/httpserver"
)

// contentSecurity keeps pages from asking another host for anything.
const contentSecurity = "default-src 'self'; style-src 'self' 'unsafe-inline'"

// registerDocs serves the documentation of the API, once all of it is described.
func (h *handlers) registerDocs(s *httpserver.Server) error {
	api, err := apidocs.API(h.api.OpenAPI(), h.PublicURL)
	if err != nil {
		return err
	}
	problems, err := apidocs.Problems()
	if err != nil {
		return err
	}
	s.HandleFunc("GET /docs/api", func(w http.ResponseWriter, _ *http.Request) { servePage(w, api) })
	s.HandleFunc("GET /docs/problems", func(w http.ResponseWriter, _ *http.Request) { servePage(w, problems) })
	s.HandleFunc("GET /problems/{code}", func(w http.ResponseWriter, r *http.Request) {
		page, err := apidocs.Problem(r.PathValue("code"))
		if err != nil {
			httpserver.Problem(w, r, err)
			return
		}
		servePage(w, page)
	})
	return nil
}

func servePage(w http.ResponseWriter, page []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", contentSecurity)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	w.Write(page)
}
