//go:build !windows && !plan9

package agent

import "log/syslog"

// openSystemLog connects to the operating system's log, which systemd's journal
// reads too. It fails where there is none, as in most containers.
func openSystemLog() (write func(text string) error, closeLog func() error, err error) {
	w, err := syslog.New(syslog.LOG_DAEMON|syslog.LOG_WARNING, "licet-agent")
	if err != nil {
		return nil, nil, err
	}
	return w.Warning, w.Close, nil
}
