package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/licethq/licet/internal/identity"
	"github.com/licethq/licet/internal/server/servertest"
)

// echo is what no error may repeat: it stands for a key or a token.
const echo = "SECRETVALUE"

// hostile are JSON values that a member may be given, whatever it expects.
var hostile = map[string]string{
	"null": `null`, "true": `true`, "negative": `-1`, "zero": `0`, "fraction": `1.5`, "huge": `9223372036854775808`,
	"greatest": `9223372036854775807`, "least": `-9223372036854775808`, "exponent": `1e400`, "wide": `1e18`, "text": `"` + echo + `"`,
	"empty": `""`, "zero byte": `"\u0000` + echo + `"`, "half a pair": `"\ud800` + echo + `"`, "line break": `"a\n` + echo + `"`,
	"long": `"` + strings.Repeat(echo, 500) + `"`, "list": `["` + echo + `"]`, "object": `{"` + echo + `":"` + echo + `"}`,
	"date": `"2027-02-30"`, "quote": `"'; DROP TABLE plan; --` + echo + `"`, "invalid UTF-8": "\"\xff\xfe" + echo + "\"",
}

// broken are bodies that are wrong whatever the operation.
var broken = map[string][]byte{
	"nothing": nil, "half": []byte(`{"` + echo), "list": []byte(`["` + echo + `"]`), "text": []byte(`"` + echo + `"`),
	"number": []byte(`12345678901234567890`), "null": []byte(`null`), "empty": []byte(`{}`), "two": []byte(`{} {}`),
	"invalid UTF-8":    []byte("{\"name\":\"\xff" + echo + "\"}"),
	"unknown member":   []byte(`{"` + echo + `":1}`),
	"unknown value":    []byte(`{"price":"` + echo + `"}`),
	"deep":             []byte(strings.Repeat(`{"a":`, 20_000)),
	"deep list":        []byte(strings.Repeat(`[`, 900_000)),
	"repeated members": []byte(`{"name":"` + echo + `","name":"` + echo + `"}`),
	"not JSON":         []byte(`<?xml version="1.0"?><a>` + echo + `</a>`),
	"binary":           {0, 1, 2, 3, 0xff},
}

// spoiled gives a valid body with one member after another, also those that the
// body leaves out, turned into each hostile value.
func (d spec) spoiled(t *testing.T, valid any, s schema) map[string][]byte {
	t.Helper()
	all := maps.Clone(broken)
	var members map[string]any
	if err := json.Unmarshal(must[[]byte](t)(json.Marshal(valid)), &members); err != nil {
		t.Fatal(err)
	}
	const place = "@place@"
	d.each(members, s, "", func(at string, set func(any)) {
		set(place)
		whole := string(must[[]byte](t)(json.Marshal(members)))
		for name, value := range hostile {
			all[at+" "+name] = []byte(strings.Replace(whole, `"`+place+`"`, value, 1))
		}
	})
	return all
}

// each visits the members of a body, also those that it leaves out; whatever a
// visit sets is undone after it.
func (d spec) each(members map[string]any, s schema, at string, visit func(at string, set func(any))) {
	for name, property := range d.follow(s).Properties {
		before, present := members[name]
		visit(at+"/"+name, func(v any) { members[name] = v })
		if present {
			members[name] = before
		} else {
			delete(members, name)
		}
		if inner, ok := before.(map[string]any); ok {
			d.each(inner, property, at+"/"+name, visit)
		}
	}
}

// check reports an answer that must not be.
func check(t *testing.T, what string, status int, answer string) {
	t.Helper()
	if status >= 500 {
		t.Errorf("%s: %d %s", what, status, answer)
	}
	if status < 400 {
		return
	}
	if strings.Contains(strings.ToUpper(answer), echo) {
		t.Errorf("%s: the answer echoes what was sent: %s", what, answer)
	}
	var p struct{ Code, Detail, Type string }
	if err := json.Unmarshal([]byte(answer), &p); err != nil || p.Code == "" || p.Detail == "" {
		t.Errorf("%s: %d is no problem: %s", what, status, answer)
	}
}

func TestHostileBodiesAreRefusedWithoutEcho(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		token := s.Token(t, identity.Owner)
		doc, ops := operations(t, s)
		for id, op := range ops {
			if op.Body == nil {
				continue
			}
			thing, valid := deeds[id].make(t, p)
			target := s.URL + strings.ReplaceAll(op.path, "{id}", thing)
			cases := map[string][]byte{}
			contentType := "application/octet-stream"
			if body, ok := op.Body.Content["application/json"]; ok {
				contentType = "application/json"
				cases = doc.spoiled(t, valid, body.Schema)
			} else {
				for name, value := range hostile {
					cases[name] = []byte(value)
					cases[name+" armored"] = []byte("-----BEGIN LICET REQUEST-----\n" + value + "\n-----END LICET REQUEST-----\n")
				}
			}
			for name, body := range cases {
				status, answer := send(t, op.method, target, token, contentType, bytes.NewReader(body))
				check(t, id+" "+name, status, answer)
			}
		}
	})
}

func TestParticularFaultsGetTheirStatus(t *testing.T) {
	p := open(t, servertest.Start(t))
	token := p.Token(t, identity.Owner)
	tests := []struct {
		name, contentType, body string
		status                  int
		code                    string
		pointer                 string
	}{
		{"no body", "application/json", ``, 400, "invalid_request", ""},
		{"half a document", "application/json", `{"code":`, 400, "invalid_request", ""},
		{"invalid UTF-8", "application/json", "{\"code\":\"a\",\"name\":\"\xff\"}", 400, "invalid_request", ""},
		{"a member twice", "application/json", `{"code":"a","code":"b","name":"c"}`, 400, "invalid_request", ""},
		{"an unknown member", "application/json", `{"code":"a","name":"b","price":1}`, 422, "validation_failed", "/price"},
		{"a member in capitals", "application/json", `{"code":"a","name":"b","Name":"c"}`, 422, "validation_failed", ""},
		{"a member of another type", "application/json", `{"code":1,"name":"b"}`, 422, "validation_failed", "/code"},
		{"a number beyond all bounds", "application/json", `{"code":1e400,"name":"b"}`, 422, "validation_failed", ""},
		{"a value against the rules", "application/json", `{"code":"A","name":"b"}`, 422, "validation_failed", "/code"},
		{"another content type", "text/xml", `<a/>`, 415, "unsupported_media_type", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, answer := send(t, "POST", p.URL+"/api/v1/products", token, tt.contentType, strings.NewReader(tt.body))
			var got struct {
				Code   string
				Errors []struct{ Pointer string }
			}
			if err := json.Unmarshal([]byte(answer), &got); err != nil {
				t.Fatalf("%s: %v", answer, err)
			}
			if status != tt.status || got.Code != tt.code {
				t.Errorf("got %d %s, want %d %s: %s", status, got.Code, tt.status, tt.code, answer)
			}
			if tt.pointer != "" && (len(got.Errors) != 1 || got.Errors[0].Pointer != tt.pointer) {
				t.Errorf("got %v, want one fault at %s", got.Errors, tt.pointer)
			}
		})
	}
	status, answer := send(t, "POST", p.URL+"/api/v1/subscriptions", token, "application/json",
		strings.NewReader(`{"plan_id":"`+p.plan.ID+`","ends_on":"2099-01-01","quantity":99999999999999999999}`))
	if status != 422 {
		t.Errorf("a quantity that no integer holds: %d %s, want 422", status, answer)
	}
}

func TestOversizedBodiesAreRefusedDeclaredOrChunked(t *testing.T) {
	p := open(t, servertest.Start(t))
	token := p.Token(t, identity.Owner)
	tests := []struct {
		path, contentType string
		limit             int
	}{
		{"/api/v1/products", "application/json", 1 << 20},
		{"/api/v1/exchange-files", "application/octet-stream", 256 << 10},
	}
	for _, tt := range tests {
		body := func(n int) string { return `{"` + strings.Repeat("x", n-2) }
		for _, declared := range []bool{true, false} {
			reader := func(n int) io.Reader {
				if declared {
					return strings.NewReader(body(n))
				}
				return io.MultiReader(strings.NewReader(body(n)))
			}
			status, answer := send(t, "POST", p.URL+tt.path, token, tt.contentType, reader(tt.limit+1))
			if status != 413 || !strings.Contains(answer, "request_too_large") {
				t.Errorf("%s, declared %v, one byte over: %d %s, want 413", tt.path, declared, status, answer)
			}
			if status, _ := send(t, "POST", p.URL+tt.path, token, tt.contentType, reader(tt.limit)); status == 413 || status >= 500 {
				t.Errorf("%s, declared %v, at the limit: %d, want another refusal", tt.path, declared, status)
			}
		}
	}
}

func TestHostileParametersAreRefusedWithoutEcho(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.Server) {
		p := open(t, s)
		token := s.Token(t, identity.Owner)
		_, ops := operations(t, s)
		values := []string{
			echo, "", "-1", "0", "201", "99999999999999999999", "1.5", "NaN", "\x00" + echo, "\xff\xfe" + echo, "a\nb" + echo,
			strings.Repeat(echo, 300), "'; DROP TABLE plan; --", "%00", "../../" + echo, "{id}",
		}
		for id, op := range ops {
			thing, body := deeds[id].make(t, p)
			for _, parameter := range op.Parameters {
				for _, value := range values {
					target := op
					query := ""
					where := thing
					if parameter.In == "path" {
						where = url.PathEscape(value)
					} else {
						query = "?" + parameter.Name + "=" + url.QueryEscape(value)
					}
					target.path += query
					status, answer := call(t, s.URL, token, target, where, body)
					check(t, fmt.Sprintf("%s %s=%q", id, parameter.Name, value), status, answer)
				}
			}
		}
	})
}
