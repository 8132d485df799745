package agent

import (
	"context"

	"github.com/licethq/licet/licensefile"
)

// May says whether an operation is allowed at a site for a license type (P7). It
// never waits for the network. Enroll asks for what it does in one step; asking
// first and enrolling then leaves room for others in between. Errors: not_found.
func (a *Agent) May(ctx context.Context, op licensefile.Operation, site, licenseType string) (licensefile.Decision, error) {
	row, err := a.Row(ctx, site, licenseType)
	if err != nil {
		return licensefile.Decision{}, err
	}
	return row.May(op, a.now()), nil
}
