// SPDX-License-Identifier: MIT
//
// What a run has cost, the line that says so, and the arguments.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type usage struct {
	cpu  float64
	wall time.Time
}

type report map[string]float64

func usageNow() usage       { return usage{cpuSeconds(), time.Now()} }
func usageOfProcess() usage { return usage{0, time.Now()} }

// What was used since then.
func (since usage) report(items int) report {
	return report{
		"cpu_s":  cpuSeconds() - since.cpu,
		"wall_s": time.Since(since.wall).Seconds(),
		"items":  float64(items),
	}
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func peakBytes() float64 {
	status, err := os.ReadFile("/proc/self/status")
	check(err)
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, err := strconv.ParseFloat(strings.Fields(after)[0], 64)
	check(err)
	return kilobytes * 1024
}

func raiseDescriptorLimit() {
	var limit syscall.Rlimit
	check(syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	limit.Cur = limit.Max
	check(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
}

func metric() string {
	if len(os.Args) < 2 {
		return ""
	}
	return os.Args[1]
}

func number(at int) int {
	if len(os.Args) < at+3 {
		fail(1, "a number is missing")
	}
	value, err := strconv.Atoi(os.Args[at+2])
	check(err)
	return value
}

func printVersion() {
	fmt.Println("Go", strings.TrimPrefix(runtime.Version(), "go"))
}

func (report report) print() {
	report["peak_bytes"] = peakBytes()
	line, err := json.Marshal(report)
	check(err)
	fmt.Println(string(line))
}

func fail(status int, what string) {
	fmt.Fprintln(os.Stderr, "go:", what)
	os.Exit(status)
}

func require(isTrue bool, what string) {
	if !isTrue {
		fail(1, what)
	}
}

func check(err error) {
	if err != nil {
		fail(1, err.Error())
	}
}
