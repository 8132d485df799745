package api

import (
	"context"
	"net/http"
)

// NewImport is what another system's data comes in as: CSV texts with a line of
// column names. Each may be left out.
type NewImport struct {
	Organizations string `json:"organizations,omitempty" doc:"Columns: reference, name; kind, address, phone, country."`
	People        string `json:"people,omitempty" doc:"Columns: email; first_name, last_name, language, organization, role."`
	Subscriptions string `json:"subscriptions,omitempty" doc:"Columns: reference, product, plan, starts_on; organization, quantity, ends_on, maintenance_ends_on, offline_allowed."`
	Keys          string `json:"keys,omitempty" doc:"Columns: subscription, key; kind, name, quota, mode, ends_on, issued_on."`
	Activations   string `json:"activations,omitempty" doc:"Columns: key, installation, activated_on; host_name, site, used, method."`
	Invite        bool   `json:"invite,omitempty" doc:"Invite people by mail to their organizations, instead of making them members at once without a mail."`
	DryRun        bool   `json:"dry_run,omitempty" doc:"Only tells what would be made, and every fault."`
}

// Import is what became of an import, or would become of it.
type Import struct {
	ID            string        `json:"id,omitempty" doc:"Every event of the import names it; absent of a dry run."`
	DryRun        bool          `json:"dry_run" doc:"Nothing is stored."`
	Organizations ImportCount   `json:"organizations"`
	People        ImportCount   `json:"people"`
	Subscriptions ImportCount   `json:"subscriptions"`
	Keys          ImportCount   `json:"keys"`
	Activations   ImportCount   `json:"activations"`
	GeneratedKeys int64         `json:"generated_keys" doc:"Subscriptions for which the files have no primary key; each gets one."`
	FaultCount    int           `json:"fault_count" doc:"Of a dry run; with any, the import itself is refused."`
	Faults        []ImportFault `json:"faults" nullable:"false" doc:"The first 1000."`
}

// ImportCount says what becomes of the rows of a file.
type ImportCount struct {
	Created   int64 `json:"created"`
	Unchanged int64 `json:"unchanged" doc:"Stored just so already."`
}

// ImportFault says what keeps an import from being taken, without the value.
type ImportFault struct {
	File    string `json:"file"`
	Line    int    `json:"line" doc:"From 1, which holds the column names; of a row on several lines the first."`
	Column  string `json:"column,omitempty" doc:"Absent when the whole row is meant."`
	Code    string `json:"code" doc:"malformed, columns, too_many, missing, invalid, unknown, duplicate, differs or exceeds."`
	Message string `json:"message"`
}

// Import takes over another system's data, or tells what would be made.
func (c *Client) Import(ctx context.Context, n NewImport) (Import, error) {
	return send[Import](ctx, c, http.MethodPost, "/imports", n)
}
