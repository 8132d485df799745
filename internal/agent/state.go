package agent

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/internal/problem"
	"github.com/licethq/licet/internal/seal"
)

// What lies in the state folder, besides the address file of the API.
const (
	lockFile      = "agent.lock"
	databaseFile  = "agent.db"
	masterKeyFile = "master.key"
)

// state is the open state folder: one process has it at a time.
type state struct {
	lock    *os.File
	db      *database.DB
	keyring *seal.Keyring
}

// openState opens the folder, made if missing, and the database in it. Errors:
// data_folder_in_use when another agent runs on it.
func openState(ctx context.Context, dir, keyFile string, log *slog.Logger) (*state, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, problem.Newf(problem.ConfigurationInvalid, "The state folder cannot be made.").Because(err)
	}
	lock, err := lockFolder(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, err
	}
	s := &state{lock: lock}
	if s.keyring, err = openKeyring(dir, keyFile); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if s.db, err = database.Open(ctx, "sqlite:"+filepath.Join(dir, databaseFile), database.Options{Logger: log}); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if err := s.db.Migrate(ctx, database.AgentSchema()); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// openKeyring loads the master key that seals the installation's private key,
// pending requests and webhook secrets. In the state folder it is made at the
// first start.
func openKeyring(dir, keyFile string) (*seal.Keyring, error) {
	if keyFile != "" {
		return seal.LoadKeyring(keyFile)
	}
	keyFile = filepath.Join(dir, masterKeyFile)
	if _, err := os.Stat(keyFile); errors.Is(err, fs.ErrNotExist) {
		if err := seal.CreateKeyFile(keyFile); err != nil {
			return nil, err
		}
	}
	return seal.LoadKeyring(keyFile)
}

// close closes whatever is open, and lets another agent have the folder.
func (s *state) close() error {
	var err error
	if s.db != nil {
		err = s.db.Close()
	}
	return errors.Join(err, s.lock.Close())
}

func folderInUse(cause error) error {
	return problem.Newf(problem.DataFolderInUse, "Another agent runs on this state folder. Stop it first.").Because(cause)
}
