//go:build windows || plan9

package agent

import "errors"

// openSystemLog has no system log to connect to here.
func openSystemLog() (write func(text string) error, closeLog func() error, err error) {
	return nil, nil, errors.New("not supported on this operating system")
}
