// SPDX-License-Identifier: MIT
//
// The calls over HTTP, with net/http and encoding/json.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type question struct {
	Model    string    `json:"model"`
	Messages []message `json:"messages"`
}

type reply struct {
	Choices []struct {
		Message message `json:"message"`
	} `json:"choices"`
}

const happy = "All happy loops are alike; "

var (
	asked    = strings.Repeat(happy, 10)[:131]
	expected = strings.Repeat(happy, 10)[:249]
)

type caller struct {
	client *http.Client
	url    string
}

func newCaller(port int) caller {
	transport := &http.Transport{MaxIdleConns: 0, MaxIdleConnsPerHost: 100000}
	url := fmt.Sprintf("http://127.0.0.1:%d/v1/chat/completions", port)
	return caller{&http.Client{Transport: transport}, url}
}

func (caller caller) call() {
	body, err := json.Marshal(question{"bench", []message{{"user", asked}}})
	check(err)
	response, err := caller.client.Post(caller.url, "application/json", bytes.NewReader(body))
	check(err)
	text, err := io.ReadAll(response.Body)
	check(err)
	response.Body.Close()
	var reply reply
	check(json.Unmarshal(text, &reply))
	require(response.StatusCode == 200 && len(reply.Choices) == 1 &&
		reply.Choices[0].Message.Content == expected, "not the answer that was expected")
}

func (caller caller) callAtOnce(count int) {
	var group sync.WaitGroup
	group.Add(count)
	for i := 0; i < count; i++ {
		go func() {
			defer group.Done()
			caller.call()
		}()
	}
	group.Wait()
}

func httpCall(calls, inFlight, port int) report {
	caller := newCaller(port)
	caller.callAtOnce(inFlight)
	usage := usageNow()
	var begun atomic.Int64
	var group sync.WaitGroup
	group.Add(inFlight)
	for i := 0; i < inFlight; i++ {
		go func() {
			defer group.Done()
			for begun.Add(1) <= int64(calls) {
				caller.call()
			}
		}()
	}
	group.Wait()
	return usage.report(calls)
}

func inflight(process usage, calls, port int) report {
	start := time.Now()
	newCaller(port).callAtOnce(calls)
	report := process.report(calls)
	report["wall_s"] = time.Since(start).Seconds()
	return report
}

func oneCall(calls, port int) report {
	caller := newCaller(port)
	took := make([]float64, 0, calls)
	for i := 0; i < calls/10+1; i++ {
		caller.call()
	}
	usage := usageNow()
	for i := 0; i < calls; i++ {
		start := time.Now()
		caller.call()
		took = append(took, float64(time.Since(start))/1e3)
	}
	report := usage.report(calls)
	sort.Float64s(took)
	report["p50_us"] = took[calls/2]
	return report
}

type chunk struct {
	Choices []struct {
		Delta struct {
			Content string `json:"content"`
		} `json:"delta"`
	} `json:"choices"`
}

// The bytes of the text of one streamed answer.
func (caller caller) readStream() int {
	body, err := json.Marshal(question{"bench", []message{{"user", asked}}})
	check(err)
	response, err := caller.client.Post(caller.url, "application/json", bytes.NewReader(body))
	check(err)
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	text := 0
	for lines.Scan() {
		if !bytes.HasPrefix(lines.Bytes(), []byte("data: ")) {
			continue
		}
		data := lines.Bytes()[len("data: "):]
		if string(data) == "[DONE]" {
			_, err := io.Copy(io.Discard, response.Body)
			check(err)
			return text
		}
		var chunk chunk
		check(json.Unmarshal(data, &chunk))
		text += len(chunk.Choices[0].Delta.Content)
	}
	check(lines.Err())
	require(false, "the stream has no end mark")
	return 0
}

func stream(process usage, streams, chunks, port int) report {
	caller := newCaller(port)
	var group sync.WaitGroup
	group.Add(streams)
	start := time.Now()
	for i := 0; i < streams; i++ {
		go func() {
			defer group.Done()
			require(caller.readStream() == textBytes(chunks), "not the text that was expected")
		}()
	}
	group.Wait()
	report := process.report(streams * chunks)
	report["wall_s"] = time.Since(start).Seconds()
	return report
}

// What the server's tokens come to.
func textBytes(chunks int) int {
	tokens := []string{" loops", " are", " alike", ";", " every", " unhappy", " loop", " is"}
	bytes := 0
	for i := 0; i < chunks; i++ {
		bytes += len(tokens[i%len(tokens)])
	}
	return bytes
}
