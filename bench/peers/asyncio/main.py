#!/usr/bin/python3
# SPDX-License-Identifier: MIT
#
# usage: main.py [--uvloop] METRIC NUMBERS...
#
# The peers' benchmarks on asyncio, with its own loop or with uvloop's. ../README.md says what each
# metric is.
import asyncio
import functools
import random
import socket
import sys
import time

from report import Usage, process, require, run

MESSAGE = b"x" * 64


async def sleepers(count, milliseconds):
    begun = 0

    async def sleeper():
        nonlocal begun
        begun += 1
        await asyncio.sleep(milliseconds / 1000)
        require(begun == count, "not all tasks slept at once: let them sleep longer")

    await asyncio.gather(*(sleeper() for _ in range(count)))  # smaller than a task group
    return process.report(count)


async def sleepers_spread(count, milliseconds):
    lateness = []
    start = time.monotonic()

    async def sleeper(deadline):
        await asyncio.sleep(deadline - time.monotonic())
        lateness.append((time.monotonic() - deadline) * 1000)

    # The first deadline is one span from now, so that spawning is not counted as lateness.
    span = milliseconds / 1000
    deadlines = [start + span + i * span / count for i in range(count)]
    random.Random(1).shuffle(deadlines)
    await asyncio.gather(*map(sleeper, deadlines))
    require(len(lateness) == count, "a sleeper is missing")
    lateness.sort()
    return process.report(count) | {
        "lateness_p50_ms": lateness[count // 2],
        "lateness_p99_ms": lateness[count - 1 - count // 100],
        "lateness_max_ms": lateness[-1],
    }


async def spawn_join(tasks, batch):
    ran = 0

    async def trivial():
        nonlocal ran
        ran += 1

    async def work(tasks):
        for done in range(0, tasks, batch):
            async with asyncio.TaskGroup() as group:
                for _ in range(min(batch, tasks - done)):
                    group.create_task(trivial())

    await work(tasks // 10)
    ran = 0
    usage = Usage()
    await work(tasks)
    require(ran == tasks, "a task is missing")
    return usage.report(tasks)


async def yield_(tasks, rounds):
    async def turns(rounds):
        for _ in range(rounds):
            await asyncio.sleep(0)

    async def work(rounds):
        async with asyncio.TaskGroup() as group:
            for _ in range(tasks):
                group.create_task(turns(rounds))

    await work(rounds // 10)
    usage = Usage()
    await work(rounds)
    return usage.report(tasks * rounds)


async def await_(calls):
    async def child(value):
        return value

    async def work(calls):
        total = 0
        for i in range(calls):
            total += await child(i & 1)
        return total

    await work(calls // 10)
    usage = Usage()
    total = await work(calls)
    report = usage.report(calls)
    require(total == calls // 2, "a call is missing")
    return report


async def semaphore(tasks, permits):
    held = 0
    most = 0
    done = 0

    async def hold_one(semaphore):
        nonlocal held, most, done
        async with semaphore:
            held += 1
            most = max(most, held)
            await asyncio.sleep(0)
            held -= 1
        done += 1

    async def work():
        semaphore = asyncio.Semaphore(permits)
        async with asyncio.TaskGroup() as group:
            for _ in range(tasks):
                group.create_task(hold_one(semaphore))

    await work()
    done = 0
    usage = Usage()
    await work()
    require(done == tasks and most == min(tasks, permits), "the permits were not shared as asked")
    return usage.report(tasks)


async def cancel_all(tasks):
    usage = Usage()
    for task in tasks:
        task.cancel()
    gone, _ = await asyncio.wait(tasks)
    report = usage.report(len(tasks))
    require(all(task.cancelled() for task in gone), "a task was not cancelled")
    return report


async def cancel(count):
    async def work(count):
        tasks = [asyncio.create_task(asyncio.sleep(3600)) for _ in range(count)]
        await asyncio.sleep(0)  # until the last of them sleeps
        return await cancel_all(tasks)

    await work(count // 10)
    return await work(count)


async def connect_sockets(count):
    """Both ends of TCP connections on loopback: pairs of (receive, send)."""
    loop = asyncio.get_running_loop()

    # Not streams: asyncio makes a buffer of 256 KiB for each receive of theirs, and where the
    # system takes long to map so much that is all that one would measure.
    def end(sock):
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        async def receive():
            message = await loop.sock_recv(sock, len(MESSAGE))
            while len(message) < len(MESSAGE):
                more = await loop.sock_recv(sock, len(MESSAGE) - len(message))
                require(more, "a connection has ended")
                message += more
            return message

        return receive, functools.partial(loop.sock_sendall, sock)

    pairs = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for _ in range(count):
            near = socket.create_connection(listener.getsockname())
            pairs.append((end(near), end(listener.accept()[0])))
    return pairs


async def connect_streams(count):
    """The same with streams, which are the fast ones in uvloop. It sets TCP_NODELAY itself."""

    def end(reader, writer):
        async def send(message):
            writer.write(message)
            await writer.drain()

        return functools.partial(reader.readexactly, len(MESSAGE)), send

    accepted = asyncio.Queue()
    pairs = []
    server = await asyncio.start_server(lambda *far: accepted.put_nowait(far), "127.0.0.1", 0)
    for _ in range(count):
        near = await asyncio.open_connection(*server.sockets[0].getsockname())
        pairs.append((end(*near), end(*await accepted.get())))
    return pairs


async def pingpong(connections, rounds):
    done = 0

    async def answer(receive, send, rounds):
        for _ in range(rounds):
            await send(await receive())

    async def ask(receive, send, rounds):
        nonlocal done
        for _ in range(rounds):
            await send(MESSAGE)
            await receive()
            done += 1

    async def work(pairs, rounds):
        async with asyncio.TaskGroup() as group:
            for near, far in pairs:
                group.create_task(answer(*far, rounds))
                group.create_task(ask(*near, rounds))

    is_asyncio = isinstance(asyncio.get_running_loop(), asyncio.SelectorEventLoop)
    connect = connect_sockets if is_asyncio else connect_streams
    pairs = await connect(connections)
    await work(pairs, max(rounds // 10, 1))
    done = 0
    usage = Usage()
    await work(pairs, rounds)
    report = usage.report(connections * rounds)
    require(done == connections * rounds, "a round trip is missing")
    return report


async def cancel_io(count):
    async def work(count):
        pairs = [socket.socketpair() for _ in range(count)]
        streams = [await asyncio.open_unix_connection(sock=near) for near, _ in pairs]
        tasks = [asyncio.create_task(reader.readexactly(64)) for reader, _ in streams]
        await asyncio.sleep(0)  # until the last of them waits
        report = await cancel_all(tasks)
        for (_, writer), (_, far) in zip(streams, pairs):
            writer.close()
            far.close()
            await writer.wait_closed()
        return report

    await work(count)
    return await work(count)


METRICS = {
    "sleepers": sleepers,
    "sleepers_spread": sleepers_spread,
    "spawn_join": spawn_join,
    "yield": yield_,
    "await": await_,
    "semaphore": semaphore,
    "cancel": cancel,
    "pingpong": pingpong,
    "cancel_io": cancel_io,
}

sys.exit(run("asyncio", METRICS, sys.argv[1:]))
