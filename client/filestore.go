package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The files in a FileStore's folder.
const (
	installationFile = "installation.json"
	lockFile         = "lock"
)

// FileStore keeps an installation in a folder of its own, readable by its owner
// only. It holds the folder's lock until Close, since two programs with one
// installation would look like a clone to the publisher.
type FileStore struct {
	dir  string
	lock *os.File
}

// OpenFileStore makes the folder if need be, and takes its lock.
func OpenFileStore(dir string) (*FileStore, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("client: the installation's folder: %w", err)
	}
	lock, err := lockFileAt(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, fmt.Errorf("client: another program uses the installation in %s: %w", dir, err)
	}
	return &FileStore{dir: dir, lock: lock}, nil
}

// Close lets the folder's lock go.
func (f *FileStore) Close() error { return f.lock.Close() }

// Load reads the installation; nil when none was ever saved. A file that cannot
// be read is an error, never a new installation: that would lose the activations.
func (f *FileStore) Load(context.Context) (*Installation, error) {
	data, err := os.ReadFile(filepath.Join(f.dir, installationFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	in := &Installation{}
	if err := json.Unmarshal(data, in); err != nil {
		return nil, fmt.Errorf("the file %s is damaged: %w", installationFile, err)
	}
	return in, nil
}

// Save writes the installation to a file beside the old one, syncs it, puts it
// in the old one's place and syncs the folder: after a crash there is the one or
// the other, whole.
func (f *FileStore) Save(_ context.Context, in *Installation) error {
	data, err := json.MarshalIndent(in, "", "  ")
	if err != nil {
		return err
	}
	next := filepath.Join(f.dir, installationFile+".new")
	if err := writeSynced(next, data); err != nil {
		return err
	}
	if err := os.Rename(next, filepath.Join(f.dir, installationFile)); err != nil {
		return err
	}
	return syncFolder(f.dir)
}

// writeSynced writes a file that only its owner can read, down to the disk.
func writeSynced(name string, data []byte) error {
	// A file left by a crash may have another mode; it is made anew.
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}
