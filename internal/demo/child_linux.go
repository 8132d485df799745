package demo

import "syscall"

// childAttributes puts a child into a process group of its own, so that a
// terminal's Ctrl-C goes to the demo alone, which stops the others in order; and
// lets the kernel end it when the demo dies without doing so.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
