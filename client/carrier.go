package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/licethq/licet/licensefile"
)

// The exchange's one address and content types.
const (
	exchangePath   = "/exchange/v1"
	contentType    = "application/jose"
	problemType    = "application/problem+json"
	acceptedAnswer = contentType + ", " + problemType
)

// post sends a signed request and gives the signed answer. A refusal is a
// *Problem; everything that is no answer of a publisher is an *Unreachable.
func (c *Client) post(ctx context.Context, compact string) (string, error) {
	if c.config.Server == "" {
		return "", errors.New("client: no server is configured; exchange files instead")
	}
	url := strings.TrimRight(c.config.Server, "/") + exchangePath
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(compact))
	if err != nil {
		return "", fmt.Errorf("client: the server's address: %w", err)
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Accept", acceptedAnswer)
	response, err := c.http.Do(request)
	if err != nil {
		return "", &Unreachable{Err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, licensefile.MaxSize+1))
	if err != nil {
		return "", &Unreachable{Err: err}
	}
	if len(body) > licensefile.MaxSize {
		return "", &Unreachable{Status: response.StatusCode, Err: errors.New("the answer is too large")}
	}
	return c.readAnswer(response, body)
}

// readAnswer tells a signed answer, a problem, and anything else apart.
func (c *Client) readAnswer(response *http.Response, body []byte) (string, error) {
	media, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil {
		media = ""
	}
	switch {
	case response.StatusCode == http.StatusOK && media == contentType:
		return strings.TrimSpace(string(body)), nil
	case response.StatusCode >= 400 && media == problemType:
		if p, ok := decodeProblem(response.StatusCode, response.Header, body, c.config.Now()); ok {
			return "", p
		}
	}
	return "", &Unreachable{
		Status: response.StatusCode,
		Err:    fmt.Errorf("neither a signed answer nor a problem (content type %q)", plain(response.Header.Get("Content-Type"))),
	}
}
