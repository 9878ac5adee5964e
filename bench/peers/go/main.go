// SPDX-License-Identifier: MIT
//
// usage: go METRIC NUMBERS...
//
// The peers' benchmarks on goroutines, with one processor. ../README.md says what each metric is.
package main

import (
	"context"
	"errors"
	"io"
	"math/rand"
	"net"
	"os"
	"runtime"
	"sort"
	"sync"
	"time"
)

const messageBytes = 64

func sleepers(process usage, count int, span time.Duration) report {
	begun := 0 // one processor, so that nothing here runs at the same time
	var group sync.WaitGroup
	group.Add(count)
	for i := 0; i < count; i++ {
		go func() {
			defer group.Done()
			begun++
			time.Sleep(span)
			require(begun == count, "not all tasks slept at once: let them sleep longer")
		}()
	}
	group.Wait()
	return process.report(count)
}

func sleepersSpread(process usage, count int, span time.Duration) report {
	// The first deadline is one span from now, so that spawning is not counted as lateness.
	start := time.Now().Add(span)
	lateness := make([]float64, count)
	var group sync.WaitGroup
	group.Add(count)
	for _, i := range rand.Perm(count) {
		go func(lateness *float64, deadline time.Time) {
			defer group.Done()
			time.Sleep(time.Until(deadline))
			*lateness = float64(time.Since(deadline)) / 1e6
		}(&lateness[i], start.Add(span*time.Duration(i)/time.Duration(count)))
	}
	group.Wait()
	sort.Float64s(lateness)
	report := process.report(count)
	report["lateness_p50_ms"] = lateness[count/2]
	report["lateness_p99_ms"] = lateness[count-1-count/100]
	report["lateness_max_ms"] = lateness[count-1]
	return report
}

func spawnJoin(tasks, batch int) report {
	ran := 0
	work := func(tasks int) {
		for tasks > 0 {
			some := batch
			if some > tasks {
				some = tasks
			}
			tasks -= some
			var group sync.WaitGroup
			group.Add(some)
			for i := 0; i < some; i++ {
				go func() {
					ran++
					group.Done()
				}()
			}
			group.Wait()
		}
	}
	work(tasks / 10)
	ran = 0
	usage := usageNow()
	work(tasks)
	require(ran == tasks, "a task is missing")
	return usage.report(tasks)
}

func yield(tasks, rounds int) report {
	work := func(rounds int) {
		var group sync.WaitGroup
		group.Add(tasks)
		for i := 0; i < tasks; i++ {
			go func() {
				defer group.Done()
				for i := 0; i < rounds; i++ {
					runtime.Gosched()
				}
			}()
		}
		group.Wait()
	}
	work(rounds / 10)
	usage := usageNow()
	work(rounds)
	return usage.report(tasks * rounds)
}

// A channel with room for as many values as there are permits is Go's semaphore.
func semaphore(tasks, permits int) report {
	held, most, done := 0, 0, 0
	work := func() {
		semaphore := make(chan struct{}, permits)
		var group sync.WaitGroup
		group.Add(tasks)
		for i := 0; i < tasks; i++ {
			go func() {
				defer group.Done()
				semaphore <- struct{}{}
				held++
				if held > most {
					most = held
				}
				runtime.Gosched()
				held--
				done++
				<-semaphore
			}()
		}
		group.Wait()
	}
	work()
	held, most, done = 0, 0, 0
	usage := usageNow()
	work()
	report := usage.report(tasks)
	require(done == tasks && most <= permits, "the permits were not shared as asked")
	return report
}

func cancel(count int) report {
	work := func(count int) report {
		ctx, cancel := context.WithCancel(context.Background())
		asleep, cancelled := 0, 0
		var group sync.WaitGroup
		group.Add(count)
		for i := 0; i < count; i++ {
			go func() {
				defer group.Done()
				timer := time.NewTimer(time.Hour)
				defer timer.Stop()
				asleep++
				select {
				case <-timer.C:
				case <-ctx.Done():
					cancelled++
				}
			}()
		}
		for asleep < count {
			runtime.Gosched()
		}
		usage := usageNow()
		cancel()
		group.Wait()
		report := usage.report(count)
		require(cancelled == count, "a task was not cancelled")
		return report
	}
	work(count / 10)
	return work(count)
}

// Both ends of TCP connections on loopback. Go sets TCP_NODELAY without being asked.
func connect(count int) (near, far []net.Conn) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer listener.Close()
	for i := 0; i < count; i++ {
		one, err := net.Dial("tcp", listener.Addr().String())
		check(err)
		other, err := listener.Accept()
		check(err)
		near, far = append(near, one), append(far, other)
	}
	return near, far
}

func answer(conn net.Conn) {
	message := make([]byte, messageBytes)
	for {
		if _, err := io.ReadFull(conn, message); err != nil {
			return
		}
		_, err := conn.Write(message)
		check(err)
	}
}

func pingpong(connections, rounds int) report {
	near, far := connect(connections)
	for _, conn := range far {
		go answer(conn)
	}
	work := func(rounds int) {
		var group sync.WaitGroup
		group.Add(connections)
		for _, conn := range near {
			go func(conn net.Conn) {
				defer group.Done()
				message := make([]byte, messageBytes)
				for i := 0; i < rounds; i++ {
					_, err := conn.Write(message)
					check(err)
					_, err = io.ReadFull(conn, message)
					check(err)
				}
			}(conn)
		}
		group.Wait()
	}
	work(rounds/10 + 1)
	usage := usageNow()
	work(rounds)
	return usage.report(connections * rounds)
}

// A blocked read is cancelled by a deadline that has passed. The connections stay open.
func cancelIo(count int) report {
	work := func(count int) report {
		near, far := connect(count)
		reading, cancelled := 0, 0
		var group sync.WaitGroup
		group.Add(count)
		for _, conn := range near {
			go func(conn net.Conn) {
				defer group.Done()
				message := make([]byte, messageBytes)
				reading++
				_, err := io.ReadFull(conn, message)
				require(errors.Is(err, os.ErrDeadlineExceeded), "a read was not cancelled")
				cancelled++
			}(conn)
		}
		for reading < count {
			runtime.Gosched()
		}
		usage := usageNow()
		for _, conn := range near {
			check(conn.SetReadDeadline(time.Unix(1, 0)))
		}
		group.Wait()
		report := usage.report(count)
		require(cancelled == count, "a task is missing")
		for i := range near {
			near[i].Close()
			far[i].Close()
		}
		return report
	}
	work(count)
	return work(count)
}

func main() {
	process := usageOfProcess()
	runtime.GOMAXPROCS(1)
	raiseDescriptorLimit()
	var report report
	span := func() time.Duration { return time.Duration(number(1)) * time.Millisecond }
	switch metric() {
	case "--version":
		printVersion()
		return
	case "sleepers":
		report = sleepers(process, number(0), span())
	case "sleepers_spread":
		report = sleepersSpread(process, number(0), span())
	case "spawn_join":
		report = spawnJoin(number(0), number(1))
	case "yield":
		report = yield(number(0), number(1))
	case "semaphore":
		report = semaphore(number(0), number(1))
	case "cancel":
		report = cancel(number(0))
	case "pingpong":
		report = pingpong(number(0), number(1))
	case "cancel_io":
		report = cancelIo(number(0))
	case "http_call":
		report = httpCall(number(0), number(1), number(2))
	case "inflight":
		report = inflight(process, number(0), number(1))
	case "one_call":
		report = oneCall(number(0), number(1))
	case "stream":
		report = stream(process, number(0), number(1), number(2))
	default:
		fail(3, "has no metric "+metric())
	}
	report.print()
}
