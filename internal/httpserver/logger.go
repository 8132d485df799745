package httpserver

import (
	"fmt"
	"io"
	"log/slog"
	"regexp"
)

// secretForms are texts that must not reach a log, wherever they come from: API
// tokens, signed messages, and license keys in groups or of sixteen digits.
var secretForms = regexp.MustCompile(
	`lic_[A-Za-z0-9_-]{4,}` +
		`|eyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*){0,2}` +
		`|\b[A-Za-z0-9]{4,6}(-[A-Za-z0-9]{4,6}){3,}\b` +
		`|\b[0-9]{16}\b` +
		`|://[^/@\s]*:[^/@\s]*@`)

// Mask hides whatever in a text looks like a secret.
func Mask(text string) string { return secretForms.ReplaceAllString(text, "[masked]") }

// NewLogger gives a logger that masks secrets in texts. Level is debug, info,
// warn or error; format is text or json.
func NewLogger(w io.Writer, level, format string) (*slog.Logger, error) {
	var threshold slog.Level
	if err := threshold.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level: %w", err)
	}
	options := &slog.HandlerOptions{Level: threshold, ReplaceAttr: maskAttr}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	default:
		return nil, fmt.Errorf("log format must be text or json")
	}
}

func maskAttr(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		if secretForms.MatchString(v) {
			return slog.String(a.Key, Mask(v))
		}
	case error:
		return slog.String(a.Key, Mask(v.Error()))
	case fmt.Stringer:
		if text := v.String(); secretForms.MatchString(text) {
			return slog.String(a.Key, Mask(text))
		}
	}
	return a
}
