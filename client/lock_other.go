//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package client

import (
	"errors"
	"os"
)

// lockFileAt refuses: without a lock that ends with the process, two programs
// could use one installation. Such systems need a Store of their own.
func lockFileAt(string) (*os.File, error) { return nil, errors.ErrUnsupported }

// syncFolder is never reached without the lock.
func syncFolder(string) error { return errors.ErrUnsupported }
