package httpserver

import (
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics counts requests by route, and holds the registry for one's own.
type Metrics struct {
	*prometheus.Registry

	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	routes    sync.Map // pattern → *routeMetrics
	silent    []string
}

// routeMetrics is one route's: looked up once a request.
type routeMetrics struct {
	name     string
	quiet    bool
	requests *prometheus.CounterVec
	duration prometheus.Observer
}

func newMetrics() *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "licet_http_requests_total",
			Help: "HTTP requests answered, by route, method and status.",
		}, []string{"route", "method", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "licet_http_request_duration_seconds",
			Help:    "How long HTTP requests took, by route.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"route"}),
		silent: []string{"GET /healthz", "GET /readyz", "GET /metrics"},
	}
	m.MustRegister(m.requests, m.durations, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *Metrics) quiet(patterns []string) { m.silent = append(m.silent, patterns...) }

func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{})
}

// route gives what is counted for a pattern of the mux. Patterns are as many as
// were registered, so the map is bounded; paths that clients invent are one.
func (m *Metrics) route(pattern string) *routeMetrics {
	if known, ok := m.routes.Load(pattern); ok {
		return known.(*routeMetrics)
	}
	name := pattern
	if pattern == "/" || pattern == "" {
		name = "unmatched"
	}
	made := &routeMetrics{
		name:     name,
		quiet:    slices.Contains(m.silent, pattern),
		requests: m.requests.MustCurryWith(prometheus.Labels{"route": name}),
		duration: m.durations.WithLabelValues(name),
	}
	known, _ := m.routes.LoadOrStore(pattern, made)
	return known.(*routeMetrics)
}

func (r *routeMetrics) observe(method string, status int, took time.Duration) {
	r.requests.WithLabelValues(methodLabel(method), statusLabel(status)).Inc()
	r.duration.Observe(took.Seconds())
}

// level gives the level of the access log: faults of ours are errors, the hot
// path's successes are for debugging.
func (r *routeMetrics) level(status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable:
		return slog.LevelError
	case status >= http.StatusInternalServerError:
		return slog.LevelWarn
	case r.quiet && status < http.StatusBadRequest:
		return slog.LevelDebug
	default:
		return slog.LevelInfo
	}
}

// methodLabel bounds what a client can put into logs and metrics.
func methodLabel(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return method
	default:
		return "other"
	}
}

func statusLabel(status int) string {
	if status == http.StatusOK {
		return "200"
	}
	return strconv.Itoa(status)
}
