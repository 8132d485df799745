// Command licet is a self-hosted licensing platform: the server, the on-premises
// agent, and the commands that look after them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/licethq/licet/api"
	"github.com/licethq/licet/internal/httpserver"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/seal"
)

// commands are the commands of the program, one file each.
type commands struct {
	Server  serverCommand  `cmd:"" help:"Run a publisher's server."`
	Agent   agentCommand   `cmd:"" help:"Run an on-premises agent, or talk to a running one."`
	Demo    demoCommand    `cmd:"" help:"Walk the whole story on this machine, with real requests."`
	Staff   staffCommand   `cmd:"" help:"Look after the publisher's staff and their API tokens."`
	Keys    keysCommand    `cmd:"" help:"Look after the root and the signing certificates."`
	Events  eventsCommand  `cmd:"" help:"Look after the log of events."`
	Backup  backupCommand  `cmd:"" help:"Back up the database while the server runs (SQLite)."`
	Restore restoreCommand `cmd:"" help:"Restore a backup into a data folder without a database (SQLite)."`
	Version versionCommand `cmd:"" help:"Print the version."`

	Org          orgCommand          `cmd:"" help:"Look after organizations and their members, through the server."`
	Subscription subscriptionCommand `cmd:"" help:"Sell and look after subscriptions, through the server."`
	Key          keyCommand          `cmd:"" help:"Look after license keys, through the server."`
	Order        orderCommand        `cmd:"" help:"Place and look up orders, through the server."`
	Person       personCommand       `cmd:"" help:"Look up, export and erase people, through the server."`
	Import       importCommand       `cmd:"" help:"Take over organizations, people, subscriptions, keys and activations from CSV, through the server."`
	Installation installationCommand `cmd:"" help:"Follow where keys are used, through the server."`

	Bench         benchCommand         `cmd:"" help:"Measure the exchange of a server with data of its own."`
	BenchBaseline benchBaselineCommand `cmd:"" hidden:"" name:"bench-baseline" help:"Serve what bench compares a server with."`
}

// Exit codes of the program. Some commands give others on purpose (exitStatus).
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// exitStatus ends the program with a code of its own; nothing is printed for it.
type exitStatus int

// Error gives the code.
func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// program is one run of the command line.
type program struct {
	args   []string // without the program's name
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	getenv func(name string) string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := program{args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}
	code := p.run(ctx)
	stop()
	os.Exit(code)
}

// run parses the command line, runs the command and gives the exit code.
func (p *program) run(ctx context.Context) int {
	var all commands
	exited := -1
	parser, err := kong.New(&all,
		kong.Name("licet"),
		kong.Description("A self-hosted licensing platform."),
		kong.Writers(p.stdout, p.stderr),
		kong.Exit(func(code int) { exited = code; panic(exitStatus(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(p),
	)
	if err != nil {
		return p.fail(err)
	}
	parsed, err := p.parse(parser)
	if exited >= 0 { // help was asked for
		return exited
	}
	if err != nil {
		fmt.Fprintf(p.stderr, "licet: %v\nRun \"licet --help\" for the commands.\n", err)
		return exitUsage
	}
	return p.fail(parsed.Run())
}

// parse lets kong's own exit, after help, end the parsing.
func (p *program) parse(parser *kong.Kong) (parsed *kong.Context, err error) {
	defer func() {
		if v := recover(); v != nil {
			code, asked := v.(exitStatus)
			if !asked {
				panic(v)
			}
			err = code
		}
	}()
	return parser.Parse(p.args)
}

// fail tells an error as a sentence with its code, and gives the exit code.
func (p *program) fail(err error) int {
	var status exitStatus
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &status):
		return int(status)
	}
	fmt.Fprintln(p.stderr, "licet: "+httpserver.Mask(describe(err)))
	return exitFailed
}

// describe tells whoever sits at the machine all there is to know: the sentence,
// the members at fault, the code and the cause.
func describe(err error) string {
	var failure *seal.Failure
	var coded *problem.Problem
	var answered *api.Problem
	switch {
	case errors.As(err, &coded):
	case errors.As(err, &answered):
		return visible(answered.Error())
	case errors.As(err, &failure):
		return fmt.Sprintf("%s (%s)", failure.Message, failure.Code)
	default:
		coded = problem.From(err)
		if coded.Code == problem.InternalError {
			return err.Error()
		}
	}
	text := coded.Message
	for _, f := range coded.Fields {
		text += fmt.Sprintf(" %s %s.", f.Pointer, f.Message)
	}
	text = fmt.Sprintf("%s (%s)", text, coded.Code)
	if cause := coded.Unwrap(); cause != nil {
		text += ": " + cause.Error()
	}
	return text
}
