package agentapi

import (
	"context"
	"net/http"

	"github.com/licethq/licet/internal/agent"
	"github.com/licethq/licet/licensefile"
)

func (h *handlers) registerFiles() {
	const tag = "Files"
	register(h, operation("make-request-file", http.MethodPost, "/rows/{site}/{license_type}/request-file", tag,
		"Make the request file of a row, or get the one that waits; a deactivation takes effect here at once"), h.requestFile)
	register(h, operation("get-request-file", http.MethodGet, "/rows/{site}/{license_type}/request-file", tag,
		"Get the request file that waits for its answer"), h.pendingFile)
	discard := operation("discard-request-file", http.MethodDelete, "/rows/{site}/{license_type}/request-file", tag,
		"Discard the request that waits, to start over")
	discard.DefaultStatus = http.StatusNoContent
	register(h, discard, h.discardFile)
	register(h, operation("inspect-file", http.MethodPost, "/files/inspect", tag,
		"Say what loading a file from the publisher would do"), h.inspectFile)
	register(h, operation("load-file", http.MethodPost, "/files/load", tag, "Load a file from the publisher"), h.loadFile)
}

type fileRequest struct {
	RowPath
	Body FileRequest
}

type fileData struct {
	Body FileData
}

func (h *handlers) requestFile(ctx context.Context, in *fileRequest) (*body[File], error) {
	data, name, err := h.agent.RequestFile(ctx, in.site(), in.LicenseType, licensefile.Kind(in.Body.Kind), in.Body.Key)
	return answer(File{Name: name, Data: string(data)}, err)
}

func (h *handlers) pendingFile(ctx context.Context, in *RowPath) (*body[File], error) {
	data, name, err := h.agent.PendingFile(ctx, in.site(), in.LicenseType)
	return answer(File{Name: name, Data: string(data)}, err)
}

func (h *handlers) discardFile(ctx context.Context, in *RowPath) (*struct{}, error) {
	_, err := answer(struct{}{}, h.agent.DiscardPending(ctx, in.site(), in.LicenseType))
	return nil, err
}

func (h *handlers) inspectFile(ctx context.Context, in *fileData) (*body[Answer], error) {
	return h.answerFile(h.agent.InspectFile(ctx, []byte(in.Body.Data)))
}

func (h *handlers) loadFile(ctx context.Context, in *fileData) (*body[Answer], error) {
	return h.answerFile(h.agent.LoadFile(ctx, []byte(in.Body.Data)))
}

func (h *handlers) answerFile(a agent.Answer, err error) (*body[Answer], error) {
	if err != nil {
		return answer(Answer{}, err)
	}
	return answer(wireAnswer(a, h.now()), nil)
}
