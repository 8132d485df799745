package bench

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Machine describes the machine that figures were taken on, with the file
// system that holds folder. What the system does not tell is left out.
func Machine(folder, engine string) string {
	parts := []string{processor(), fmt.Sprintf("%d of %d CPUs", runtime.NumCPU(), processors())}
	if gb := memory(); gb > 0 {
		parts = append(parts, fmt.Sprintf("%d GB", gb))
	}
	parts = append(parts, runtime.GOOS+kernel()+"/"+runtime.GOARCH)
	if fs := fileSystem(folder); fs != "" && engine == "sqlite" {
		parts = append(parts, fs)
	}
	return strings.Join(append(parts, runtime.Version(), engine), ", ")
}

// processor gives the model name of the first CPU.
func processor() string {
	for _, line := range linesOf("/proc/cpuinfo") {
		name, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unnamed CPU"
}

// processors counts the CPUs of the machine, also those that this process may
// not use.
func processors() int {
	n := 0
	for _, line := range linesOf("/proc/cpuinfo") {
		if strings.HasPrefix(line, "processor") {
			n++
		}
	}
	return max(n, runtime.NumCPU())
}

// memory gives the size of the main memory in GB, rounded.
func memory() int64 {
	for _, line := range linesOf("/proc/meminfo") {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			if err != nil {
				return 0
			}
			return (kb + 1<<19) >> 20
		}
	}
	return 0
}

func kernel() string {
	lines := linesOf("/proc/sys/kernel/osrelease")
	if len(lines) == 0 {
		return ""
	}
	return " " + lines[0]
}

// fileSystem gives the type of the file system that holds folder: the mount
// point that is its longest prefix.
func fileSystem(folder string) string {
	best, kind := "", ""
	for _, line := range linesOf("/proc/self/mountinfo") {
		left, right, ok := strings.Cut(line, " - ")
		fields := strings.Fields(left)
		if !ok || len(fields) < 5 {
			continue
		}
		point := fields[4]
		inside := point == "/" || folder == point || strings.HasPrefix(folder, point+"/")
		if inside && len(point) >= len(best) {
			best, kind = point, strings.Fields(right)[0]
		}
	}
	return kind
}

func linesOf(file string) []string {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}
