package child

import "syscall"

// Attributes puts a child into a process group of its own, so that a terminal's
// Ctrl-C goes to its starter alone, which stops it in order; and lets the kernel
// end it when the starter dies without doing so.
func Attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
