#!/bin/bash
# SPDX-License-Identifier: MIT
#
# usage: check.sh OUT_DIR
#
# Runs each peer that build.sh has put into OUT_DIR with each metric and little work, and looks at
# what comes out: the fields, the count, the exit status where a peer has no such thing. Calls over
# HTTP go to a server here, which counts them, and are tried with answers that are wrong, too.
# Prints a table; status 1 where something is wrong. The figures themselves mean nothing here.
set -euo pipefail
[[ $# == 1 && -d $1 ]] || { echo "usage: check.sh OUT_DIR" >&2; exit 2; }
exec /usr/bin/python3 - "$1" <<'PYTHON'
import json
import os
import socketserver
import subprocess
import sys
import threading

# What is asked for, how many items that is, and the fields beside those that each metric has.
LATENESS = ["lateness_p50_ms", "lateness_p99_ms", "lateness_max_ms"]
METRICS = {
    "sleepers": ([2000, 300], 2000, []),
    "sleepers_spread": ([2000, 200], 2000, LATENESS),
    "spawn_join": ([20500, 1000], 20500, []),
    "yield": ([100, 200], 20000, []),
    "await": ([20000], 20000, []),
    "semaphore": ([2000, 10], 2000, []),
    "cancel": ([2000], 2000, []),
    "timers": ([2000], 2000, ["insert_ns", "cancel_ns", "expire_ns"]),
    "pingpong": ([10, 50], 500, []),
    "cancel_io": ([100], 100, []),
    "head_parse": ([100], 100 * 5632, []),  # bytes
}
# The same for calls over HTTP: the numbers before the port, how many are counted, and all of them.
CALLS = {
    "http_call": ([300, 8], 300, [], 308),
    "one_call": ([50], 50, ["p50_us"], 56),
    "inflight": ([100], 100, [], 100),
}
# The same for streams, of so many chunks each.
TOKENS = [" loops", " are", " alike", ";", " every", " unhappy", " loop", " is"]
STREAMS = {"stream": ([5, 20], 100, [], 5)}
OVER_HTTP = [*CALLS, *STREAMS]
HTTP_ALONE = [*METRICS]
PARSERS_ALONE = [*OVER_HTTP, *(metric for metric in METRICS if metric != "head_parse")]
LACKING = {
    "asyncio": ["timers", "head_parse", *OVER_HTTP],
    "uvloop": ["timers", "head_parse", *OVER_HTTP],
    "tokio": ["timers", "head_parse", *OVER_HTTP],
    "go": ["await", "timers", "head_parse"],
    "asio": ["head_parse", *OVER_HTTP],
    "libuv": ["spawn_join", "yield", "await", "semaphore", "head_parse", *OVER_HTTP],
    "node": ["semaphore", "timers", "head_parse", *OVER_HTTP],
    "aiohttp": HTTP_ALONE,
    "aiohttp_uvloop": HTTP_ALONE,
    "hyper": HTTP_ALONE,
    "libcurl": HTTP_ALONE,
    "undici": HTTP_ALONE,
    "http_parser": PARSERS_ALONE,
}
HAPPY = "All happy loops are alike; " * 10


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


EXPECTED = compact({"model": "bench", "messages": [{"role": "user", "content": HAPPY[:131]}]})


class Server(socketserver.ThreadingTCPServer):
    """Answers calls, and counts those that it expects."""

    request_queue_size = 1000
    daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Calls)
        self.answer = answer
        self.calls = 0
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=[0.01], daemon=True).start()

    def __exit__(self, *error):
        self.shutdown()
        super().__exit__(*error)

    def handle_error(self, request, client_address):
        """A client that has met a wrong answer is gone."""


class Calls(socketserver.StreamRequestHandler):
    def handle(self):
        while self.rfile.readline() == b"POST /v1/chat/completions HTTP/1.1\r\n":
            fields = {}
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                fields[name.lower()] = value.strip()
            body = self.rfile.read(int(fields[b"content-length"]))
            if body != EXPECTED or not fields[b"content-type"].startswith(b"application/json"):
                return
            with self.server.lock:
                self.server.calls += 1
            self.wfile.write(self.server.answer)


def whole_answer(status, text):
    message = {"role": "assistant", "content": text}
    body = compact({"id": "1", "choices": [{"index": 0, "message": message}]})
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


def streamed_answer(chunks):
    deltas = [{"content": TOKENS[i % len(TOKENS)]} for i in range(chunks)] + [{}]
    events = [compact({"choices": [{"index": 0, "delta": delta}]}) for delta in deltas]
    lines = [b"data: %s\n\n" % event for event in [*events, b"[DONE]"]]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    head += b"Transfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(line), line) for line in lines) + b"0\r\n\r\n"


def run(program, *words):
    command = [program, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def fault_of_report(done, items, more):
    """What is wrong with a report, or None."""
    if done.returncode != 0:
        return f"status {done.returncode}: {done.stderr.strip()}"
    if done.stderr or done.stdout.count("\n") != 1:
        return f"more than one line: {done.stdout}{done.stderr}"
    try:
        report = json.loads(done.stdout)
    except json.JSONDecodeError as error:
        return f"no JSON, {error}: {done.stdout}"
    expected = {"cpu_s", "wall_s", "peak_bytes", "items", *more}
    if set(report) != expected:
        return f"fields {sorted(report)} and not {sorted(expected)}"
    if report["items"] != items:
        return f"{report['items']} items and not {items}"
    early = [name for name in LATENESS if report.get(name, 0) < -1.5]
    if early:  # clocks of whole milliseconds may be early by one
        return f"woke too early: {early}"
    if not 0 <= report["cpu_s"] < 20 or not 0 < report["wall_s"] < 20:
        return f"no such time: {done.stdout}"
    if not 1e6 < report["peak_bytes"] < 1e9:
        return f"no such memory: {done.stdout}"
    return None


def fault_of_refusal(done, metric):
    if done.returncode != 3 or done.stdout:
        return f"status {done.returncode} and not 3: {done.stdout}{done.stderr}"
    if metric not in done.stderr:
        return f"does not name {metric}: {done.stderr}"
    return None


def fault_of_calls(program, metric):
    numbers, items, more, all_calls = {**CALLS, **STREAMS}[metric]
    right, wrong = whole_answer(200, HAPPY[:249]), {
        "status 500": whole_answer(500, HAPPY[:249]),
        "a character too few": whole_answer(200, HAPPY[:248]),
    }
    if metric in STREAMS:
        right, wrong = streamed_answer(numbers[1]), {
            "a chunk too few": streamed_answer(numbers[1] - 1),
        }
    with Server(right) as server:
        done = run(program, metric, *numbers, server.server_address[1])
    fault = fault_of_report(done, items, more)
    if fault is None and server.calls != all_calls:
        fault = f"{server.calls} calls and not {all_calls}"
    for what, answer in wrong.items():
        with Server(answer) as server:
            done = run(program, metric, *numbers, server.server_address[1])
        if done.returncode == 0 and fault is None:
            fault = f"takes {what} for right"
    return fault


def fault_of(program, metric, lacking):
    if metric in lacking or metric not in {**METRICS, **CALLS, **STREAMS}:
        return fault_of_refusal(run(program, metric, 1, 1, 1), metric)
    if metric in OVER_HTTP:
        return fault_of_calls(program, metric)
    numbers, items, more = METRICS[metric]
    return fault_of_report(run(program, metric, *numbers), items, more)


def main(folder):
    faults = []
    peers = {peer: lacking for peer, lacking in LACKING.items()
             if os.path.exists(os.path.join(folder, peer))}
    absent = [peer for peer in LACKING if peer not in peers]
    if absent:
        print("absent:", *absent)
    print(f"{'':16}", *(f"{peer:>8}" for peer in peers))
    for metric in [*METRICS, *OVER_HTTP, "nonsense"]:
        cells = []
        for peer, lacking in peers.items():
            fault = fault_of(os.path.join(folder, peer), metric, lacking)
            has_none = metric in lacking or metric == "nonsense"
            cells.append("WRONG" if fault is not None else "none" if has_none else "ok")
            if fault is not None:
                faults.append(f"{peer} {metric}: {fault}")
        row = (f"{cell:>{max(8, len(peer))}}" for peer, cell in zip(peers, cells))
        print(f"{metric:16}", *row, flush=True)
    for peer in peers:
        done = run(os.path.join(folder, peer), "--version")
        print(f"{peer:16} {done.stdout.strip()}")
        if done.returncode != 0 or done.stdout.count("\n") != 1:
            faults.append(f"{peer} --version: {done.stdout}{done.stderr}")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


sys.exit(main(sys.argv[1]))
PYTHON
