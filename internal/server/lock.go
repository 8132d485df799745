package server

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/licethq/licet/internal/problem"
)

// errLocked says that another process holds a lock.
var errLocked = errors.New("locked by another process")

// lockFolder takes the data folder for a server or a restore. The operating
// system gives the lock back when the process ends, however it ends.
func lockFolder(path string) (release func() error, err error) {
	f, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, problem.Newf(problem.ConfigurationInvalid, "The data folder cannot be written to.").Because(err)
	}
	if err := lockFile(f); err != nil {
		err = errors.Join(err, f.Close())
		if errors.Is(err, errLocked) {
			return nil, problem.New(problem.DataFolderInUse).Because(err)
		}
		return nil, err
	}
	return f.Close, nil
}
