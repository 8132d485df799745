//go:build !unix

package agent

import (
	"os"

	"github.com/licethq/licet/internal/problem"
)

// lockFolder cannot keep a second agent out here, so it refuses the first.
func lockFolder(string) (*os.File, error) {
	return nil, problem.Newf(problem.NotSupported, "The agent does not run on this operating system yet.")
}
