# SPDX-License-Identifier: MIT
#
# What a run has cost, and the way from a command line to the line that says so.
import asyncio
import json
import os
import platform
import resource
import sys
import time


def require(is_true, what):
    if not is_true:
        raise SystemExit(f"{os.path.basename(sys.argv[0])}: {what}")


class Usage:
    """CPU and wall time since it was made."""

    def __init__(self):
        self.cpu = self.cpu_now()
        self.wall = time.monotonic()

    @staticmethod
    def cpu_now():
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime

    def report(self, items):
        return {
            "cpu_s": self.cpu_now() - self.cpu,
            "wall_s": time.monotonic() - self.wall,
            "items": items,
        }


process = Usage()
process.cpu = 0.0  # what the interpreter needed to start counts


def peak_bytes():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def version_of(name):
    module = __import__(name)
    return f"{name} {module.__version__}" if hasattr(module, "__version__") else name


def run(name, metrics, words):
    """Does what the words say, on uvloop if the first is --uvloop; gives the exit status."""
    factory, names = None, [name]
    if words[:1] == ["--uvloop"]:
        import uvloop

        words = words[1:]
        factory = uvloop.new_event_loop
        names = [each for each in (name, "uvloop") if each != "asyncio"]
    if words[:1] == ["--version"]:
        print(", ".join([*map(version_of, names), f"Python {platform.python_version()}"]))
        return 0
    if not words or words[0] not in metrics:
        print(f"{'+'.join(names)}: has no metric {' '.join(words[:1])}", file=sys.stderr)
        return 3
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with asyncio.Runner(loop_factory=factory) as runner:
        report = runner.run(metrics[words[0]](*map(int, words[1:])))
    report["peak_bytes"] = peak_bytes()
    print(json.dumps(report))
    return 0
