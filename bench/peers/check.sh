#!/bin/bash
# SPDX-License-Identifier: MIT
#
# usage: check.sh OUT_DIR
#
# Runs each peer that build.sh has put into OUT_DIR with each metric and little work, and looks at
# what comes out: the fields, the count, the exit status where a peer has no such thing. Prints a
# table; status 1 where something is wrong. The figures themselves mean nothing here.
set -euo pipefail
[[ $# == 1 && -d $1 ]] || { echo "usage: check.sh OUT_DIR" >&2; exit 2; }
exec /usr/bin/python3 - "$1" <<'PYTHON'
import json
import os
import subprocess
import sys

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
}
LACKING = {
    "asyncio": ["timers"],
    "uvloop": ["timers"],
    "tokio": ["timers"],
    "go": ["await", "timers"],
    "asio": [],
    "libuv": ["spawn_join", "yield", "await", "semaphore"],
    "node": ["semaphore", "timers"],
}
SKIPPED = os.environ.get("WEIR_PEERS_SKIP", "").split()


def run(program, *words):
    command = [program, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def fault_of_report(done, numbers, items, more):
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


def main(folder):
    faults = []
    print(f"{'':16}", *(f"{peer:>8}" for peer in LACKING))
    for metric, (numbers, items, more) in {**METRICS, "nonsense": ([1], 0, [])}.items():
        cells = []
        for peer, lacking in LACKING.items():
            if peer in SKIPPED:
                cells.append("skipped")
                continue
            done = run(os.path.join(folder, peer), metric, *numbers)
            if metric in lacking or metric not in METRICS:
                cells.append("none")
                fault = fault_of_refusal(done, metric)
            else:
                cells.append("ok")
                fault = fault_of_report(done, numbers, items, more)
            if fault is not None:
                cells[-1] = "WRONG"
                faults.append(f"{peer} {metric}: {fault}")
        print(f"{metric:16}", *(f"{cell:>8}" for cell in cells), flush=True)
    for peer in LACKING:
        if peer in SKIPPED:
            continue
        done = run(os.path.join(folder, peer), "--version")
        print(f"{peer:16} {done.stdout.strip()}")
        if done.returncode != 0 or done.stdout.count("\n") != 1:
            faults.append(f"{peer} --version: {done.stdout}{done.stderr}")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


sys.exit(main(sys.argv[1]))
PYTHON
