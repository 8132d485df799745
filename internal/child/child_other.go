//go:build !linux

package child

import "syscall"

// Attributes asks for nothing special.
func Attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
