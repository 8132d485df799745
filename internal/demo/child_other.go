//go:build !linux

package demo

import "syscall"

// childAttributes asks for nothing special.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
