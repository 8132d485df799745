package agentapi

import (
	"context"
	"net/http"

	"github.com/licethq/licet/licensefile"
)

func (h *handlers) registerMonitor() {
	const tag = "Monitor"
	register(h, operation("get-status", http.MethodGet, "/status", tag, "The Problem Monitor: how the agent is, and why"), h.status)
	register(h, operation("may", http.MethodPost, "/may", tag, "Ask whether an operation is allowed"), h.may)
	register(h, operation("get-agent", http.MethodGet, "/agent", tag, "What this agent is"), h.about)
}

type question struct {
	Body Question
}

func (h *handlers) status(ctx context.Context, _ *struct{}) (*body[Status], error) {
	s, err := h.agent.Status(ctx)
	return answer(wireStatus(s), err)
}

func (h *handlers) may(ctx context.Context, in *question) (*body[Decision], error) {
	d, err := h.agent.May(ctx, licensefile.Operation(in.Body.Operation), in.Body.Site, in.Body.LicenseType)
	return answer(wireDecision(d), err)
}

func (h *handlers) about(ctx context.Context, _ *struct{}) (*body[About], error) {
	a, err := h.agent.About(ctx)
	return answer(wireAbout(a), err)
}
