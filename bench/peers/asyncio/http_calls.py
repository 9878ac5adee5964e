#!/usr/bin/python3
# SPDX-License-Identifier: MIT
#
# usage: http_calls.py [--uvloop] METRIC NUMBERS...
#
# The calls over HTTP, with aiohttp, on asyncio's own loop or on uvloop. ../README.md says what each
# metric is.
import asyncio
import json
import sys
import time

import aiohttp

from report import Usage, process, require, run

HAPPY = "All happy loops are alike; " * 10
ASKED = HAPPY[:131]
EXPECTED = HAPPY[:249]


def session():
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        # Its own JSON has a blank after each comma and colon, and the server wants none.
        json_serialize=lambda value: json.dumps(value, separators=(",", ":")),
        timeout=aiohttp.ClientTimeout(total=None),
    )


async def call(client, port):
    question = {"model": "bench", "messages": [{"role": "user", "content": ASKED}]}
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    async with client.post(url, json=question) as response:
        answer = await response.json()
        content = answer["choices"][0]["message"]["content"]
        is_right = response.status == 200 and content == EXPECTED
    require(is_right, "not the answer that was expected")


async def http_call(calls, in_flight, port):
    begun = 0

    async def keep_calling(client, calls):
        nonlocal begun
        while begun < calls:
            begun += 1
            await call(client, port)

    async with session() as client:
        await asyncio.gather(*(call(client, port) for _ in range(in_flight)))
        usage = Usage()
        await asyncio.gather(*(keep_calling(client, calls) for _ in range(in_flight)))
        return usage.report(calls)


async def inflight(calls, port):
    start = time.monotonic()
    async with session() as client:
        await asyncio.gather(*(call(client, port) for _ in range(calls)))
    return process.report(calls) | {"wall_s": time.monotonic() - start}


async def one_call(calls, port):
    took = []
    async with session() as client:
        for _ in range(calls // 10 + 1):
            await call(client, port)
        usage = Usage()
        for _ in range(calls):
            start = time.monotonic()
            await call(client, port)
            took.append((time.monotonic() - start) * 1e6)
        report = usage.report(calls)
    return report | {"p50_us": sorted(took)[calls // 2]}


TOKENS = [" loops", " are", " alike", ";", " every", " unhappy", " loop", " is"]


async def read_stream(client, chunks, port):
    question = {"model": "bench", "messages": [{"role": "user", "content": ASKED}]}
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    text = 0
    async with client.post(url, json=question) as response:
        async for line in response.content:
            if not line.startswith(b"data: "):
                continue
            data = line[6:]
            if data.startswith(b"[DONE]"):
                break
            delta = json.loads(data)["choices"][0]["delta"]
            text += len(delta.get("content", ""))
        await response.read()
    require(text == sum(len(TOKENS[i % 8]) for i in range(chunks)), "not the text expected")


async def stream(streams, chunks, port):
    start = time.monotonic()
    async with session() as client:
        await asyncio.gather(*(read_stream(client, chunks, port) for _ in range(streams)))
    return process.report(streams * chunks) | {"wall_s": time.monotonic() - start}


METRICS = {"http_call": http_call, "inflight": inflight, "one_call": one_call, "stream": stream}

sys.exit(run("aiohttp", METRICS, sys.argv[1:]))
