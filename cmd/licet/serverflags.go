package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/problem"
)

// serverFlags say which server is asked, as whom, and how its answer is printed.
type serverFlags struct {
	Server    string `required:"" placeholder:"URL" env:"LICET_SERVER" help:"The publisher's server, such as https://licet.example.com."`
	Token     string `placeholder:"TOKEN" env:"LICET_TOKEN" help:"API token. Give it by the environment or a file: a command line can be read by others."`
	TokenFile string `type:"path" placeholder:"FILE" env:"LICET_TOKEN_FILE" help:"File that holds the API token."`
	JSON      bool   `name:"json" help:"Print one JSON document, for scripts."`
}

// client gives the client of the server.
func (f serverFlags) client() (*api.Client, error) {
	token := f.Token
	if token == "" && f.TokenFile != "" {
		text, err := os.ReadFile(f.TokenFile)
		if err != nil {
			return nil, err
		}
		token = strings.TrimSpace(string(text))
	}
	if token == "" {
		return nil, problem.Newf(problem.Unauthenticated, "An API token is needed: set LICET_TOKEN, or name its file with --token-file.")
	}
	return api.New(f.Server, token), nil
}

// onceFlag makes a command repeatable.
type onceFlag struct {
	Once string `placeholder:"TEXT" help:"Any text of yours: the same command with it again changes nothing, and prints what became of the first."`
}

// context gives the context of a call that has its effect once.
func (f onceFlag) context(ctx context.Context) context.Context {
	if f.Once == "" {
		return ctx
	}
	return api.Repeatable(ctx, f.Once)
}

// sortFlag sorts a list.
type sortFlag struct {
	Sort string `placeholder:"NAME" help:"What to sort by; a minus before it (--sort=-name) turns the order round."`
}

func (f sortFlag) listing() api.Listing { return api.Listing{Sort: f.Sort} }

// ask makes a call and prints the answer: as JSON, or as show does for people.
func ask[T any](p *program, f serverFlags, call func(*api.Client) (T, error), show func(T)) error {
	client, err := f.client()
	if err != nil {
		return err
	}
	given, err := call(client)
	if err != nil {
		return err
	}
	if f.JSON {
		return p.printJSON(given)
	}
	show(given)
	return nil
}

// askAll reads a whole list and prints it: as a JSON array, or as a table.
func askAll[T any](p *program, f serverFlags, l api.Listing, read func(*api.Client, api.Listing) (api.Page[T], error), head []string, cells func(T) []string) error {
	return ask(p, f, func(c *api.Client) ([]T, error) {
		return api.All(l, func(l api.Listing) (api.Page[T], error) { return read(c, l) })
	}, func(all []T) {
		p.table(func(line func(...string)) {
			line(head...)
			for _, item := range all {
				line(cells(item)...)
			}
		})
	})
}

// facts prints the names and values of one thing, and leaves out what is empty.
func (p *program) facts(pairs ...string) {
	p.table(func(line func(...string)) {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i+1] != "" {
				line(pairs[i]+":", pairs[i+1])
			}
		}
	})
}

// printJSON prints one document.
func (p *program) printJSON(v any) error {
	encoder := json.NewEncoder(p.stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// visible keeps text that others wrote from steering the terminal: a control
// character, or one that turns the writing direction, shows as a sign.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029':
			return '\uFFFD'
		default:
			return r
		}
	}, s)
}

// yes shows a fact that is usually not so.
func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

// moment shows an instant that is always there.
func moment(t time.Time) string { return instant(&t) }

// maybeInstant shows an instant that is left out when there is none.
func maybeInstant(t *time.Time) string {
	if t == nil {
		return ""
	}
	return instant(t)
}

// counted shows a number.
func counted(n int64) string { return fmt.Sprint(n) }
