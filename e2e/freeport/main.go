// Freeport prints a TCP port of the loopback interface that was free a moment
// ago, for a script that must give a port to a program which cannot choose one.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
)

func main() {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, "freeport:", err)
		os.Exit(1)
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	if err := l.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "freeport:", err)
		os.Exit(1)
	}
}
