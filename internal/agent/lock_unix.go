//go:build unix

package agent

import (
	"errors"
	"os"
	"syscall"

	"github.com/licethq/licet/internal/problem"
)

// lockFolder takes the lock of a state folder, which ends with the process,
// however that ends.
func lockFolder(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, problem.Newf(problem.ConfigurationInvalid, "The state folder cannot be written.").Because(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(folderInUse(err), f.Close())
	}
	return f, nil
}
