package httpapi_test

import (
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
		doc, ops := operations(t, s)
		table := matrix(t)
		for id, op := range ops {
			if op.Body == nil {
				continue
			}
			c := p.allowed(t, table[id])
			valid := table[id].make(t, c)
			for name, body := range doc.spoil(t, op, valid.body) {
				spoiled := valid
				spoiled.body = body
				answer := c.call(t, op, spoiled)
				check(t, id+" "+name, answer.status, answer.body)
				c.stay(t, answer)
			}
		}
	}, patient)
}

// spoil gives hostile bodies for an operation.
func (d spec) spoil(t *testing.T, op operation, valid any) map[string]any {
	t.Helper()
	cases := map[string]any{}
	if body, ok := op.Body.Content["application/json"]; ok {
		for name, spoiled := range d.spoiled(t, valid, body.Schema) {
			cases[name] = document(spoiled)
		}
		return cases
	}
	for name, value := range hostile {
		cases[name] = []byte(value)
		cases[name+" armored"] = []byte("-----BEGIN LICET REQUEST-----\n" + value + "\n-----END LICET REQUEST-----\n")
	}
	return cases
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
		_, ops := operations(t, s)
		values := []string{
			echo, "", "-1", "0", "201", "99999999999999999999", "1.5", "NaN", "\x00" + echo, "\xff\xfe" + echo, "a\nb" + echo,
			strings.Repeat(echo, 300), "'; DROP TABLE plan; --", "%00", "../../" + echo, "{id}",
		}
		table := matrix(t)
		for id, op := range ops {
			c := p.allowed(t, table[id])
			valid := table[id].make(t, c)
			for _, parameter := range op.Parameters {
				for _, value := range values {
					answer := c.call(t, op, valid.with(parameter, value))
					check(t, fmt.Sprintf("%s %s=%q", id, parameter.Name, value), answer.status, answer.body)
					c.stay(t, answer)
				}
			}
		}
	}, patient)
}

// with gives the request with another value of a parameter. What no header can
// hold stays out of it.
func (r request) with(p parameter, value string) request {
	switch {
	case p.In == "query":
		r.query = p.Name + "=" + url.QueryEscape(value)
	case p.In == "header":
		r.headers = []string{p.Name, strings.Map(printable, value)}
	case p.Name == "id":
		r.id = url.PathEscape(value)
	default:
		r.path = maps.Clone(r.path)
		r.path[p.Name] = url.PathEscape(value)
	}
	return r
}

func printable(c rune) rune {
	if c < ' ' || c > '~' {
		return -1
	}
	return c
}
