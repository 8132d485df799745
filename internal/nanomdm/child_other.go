//go:build !linux

package nanomdm

import "syscall"

// childAttributes asks for nothing special.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
