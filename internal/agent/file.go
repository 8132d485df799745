package agent

import (
	"context"
	"strings"

	"github.com/licethq/licet/client"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/licensefile"
)

// RequestFile makes the request file of a row for an exchange by file, or gives
// the one that waits already, byte for byte: it survives restarts until its
// answer is loaded or it is discarded (P4). Kind is activate, with a key;
// refresh; or deactivate, which deactivates the row here at once (P9).
//
// Errors: not_found; validation_failed; not_activated; wrong_method for the
// deactivation of an online row; request_pending while another request waits.
func (a *Agent) RequestFile(ctx context.Context, site, licenseType string, kind licensefile.Kind, key string) (file []byte, name string, err error) {
	row, err := a.Row(ctx, site, licenseType)
	if err != nil {
		return nil, "", err
	}
	if err := checkRequestFile(row, kind, key); err != nil {
		return nil, "", err
	}
	usage, err := a.usageFor(ctx, row, kind)
	if err != nil {
		return nil, "", err
	}
	file, err = a.client.RequestFile(ctx, kind, row.Slot(), key, usage)
	if err != nil {
		return nil, "", coded(err)
	}
	if err := a.settle(context.WithoutCancel(ctx)); err != nil {
		return nil, "", err
	}
	a.reschedule()
	return file, requestFileName(row, kind), nil
}

func checkRequestFile(row Row, kind licensefile.Kind, key string) error {
	var faults problem.Faults
	known := kind == licensefile.KindActivate || kind == licensefile.KindRefresh || kind == licensefile.KindDeactivate
	faults.Check(known, "/kind", "must be activate, refresh or deactivate")
	faults.Check((key != "") == (kind == licensefile.KindActivate), "/key", "a license key is needed to activate, and only then")
	if err := faults.Err(); err != nil {
		return err
	}
	if kind == licensefile.KindDeactivate && row.Held.Active && row.Held.method() != licensefile.Offline {
		return problem.Newf(problem.WrongMethod, "This row was activated online. Deactivate it online, too: its key is free at once then.")
	}
	return nil
}

// usageFor gives what a request file reports. One that waits is given as it is,
// so nothing is closed for it again.
func (a *Agent) usageFor(ctx context.Context, row Row, kind licensefile.Kind) ([]licensefile.Usage, error) {
	if p := row.Held.Pending; p != nil && p.Kind == kind && p.Method == licensefile.Offline {
		return nil, nil
	}
	if kind == licensefile.KindActivate {
		return a.present(row), nil
	}
	if err := a.tellUsed(ctx, row); err != nil {
		return nil, err
	}
	return a.closeUsage(ctx, row)
}

// requestFileName names a file so that people can tell several apart.
func requestFileName(row Row, kind licensefile.Kind) string {
	site := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		default:
			return '-'
		}
	}, strings.ToLower(row.Site.Name))
	return strings.Trim(site, "-") + "-" + row.Type + "-" + string(kind) + licensefile.Extension
}

// PendingFile gives the request file that waits, without making one. Errors:
// not_found, no_pending_request.
func (a *Agent) PendingFile(ctx context.Context, site, licenseType string) (file []byte, name string, err error) {
	row, err := a.Row(ctx, site, licenseType)
	if err != nil {
		return nil, "", err
	}
	p := row.Held.Pending
	if p == nil || p.Method != licensefile.Offline {
		return nil, "", problem.New(problem.NoPendingRequest)
	}
	return p.File(), requestFileName(row, p.Kind), nil
}

// DiscardPending discards the request that waits, to start over (P4). A row that
// was deactivated by file stays so. Errors: not_found, no_pending_request.
func (a *Agent) DiscardPending(ctx context.Context, site, licenseType string) error {
	row, err := a.Row(ctx, site, licenseType)
	if err != nil {
		return err
	}
	if row.Held.Pending == nil {
		return problem.New(problem.NoPendingRequest)
	}
	if err := a.client.Abandon(ctx, row.Slot()); err != nil {
		return coded(err)
	}
	return a.settle(context.WithoutCancel(ctx))
}

// Answer is what a file from the publisher says, and to which row.
type Answer struct {
	Kind    licensefile.Kind // of the request it answers; empty: nobody asked for it
	Row     Row              // as it is: before the file in InspectFile, after it in LoadFile
	License *licensefile.License
	Ended   bool // the row is deactivated by it
	Reason  string
}

// InspectFile says what loading a file would do, and does nothing: the review
// step before Activate (P4). Errors: those of licensefile.
func (a *Agent) InspectFile(ctx context.Context, file []byte) (Answer, error) {
	out, err := a.client.Inspect(ctx, file)
	if err != nil {
		return Answer{}, coded(err)
	}
	row, err := a.Row(ctx, out.Slot.Site.ID, out.Slot.LicenseType)
	return answerOf(out, row), err
}

// LoadFile takes a license or receipt: the answer to a request file, or one that
// the publisher made unasked (P6). Errors: those of licensefile.
func (a *Agent) LoadFile(ctx context.Context, file []byte) (Answer, error) {
	out, err := a.client.Load(ctx, file)
	if err != nil {
		return Answer{}, coded(err)
	}
	row, err := a.concluded(ctx, RowKey{out.Slot.Site.ID, out.Slot.LicenseType}, out)
	return answerOf(out, row), err
}

func answerOf(out *client.Outcome, row Row) Answer {
	return Answer{Kind: out.Kind, Row: row, License: out.License, Ended: out.Ended, Reason: out.Reason}
}
