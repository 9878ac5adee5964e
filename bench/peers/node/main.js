#!/usr/bin/node
// SPDX-License-Identifier: MIT
//
// usage: main.js METRIC NUMBERS...
//
// The peers' benchmarks on Node. ../README.md says what each metric is.
'use strict';

const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const net = require('node:net');
const { performance } = require('node:perf_hooks');
const { setImmediate: nextTurn, setTimeout: sleep } = require('node:timers/promises');

const { Usage, require_, run, wholeProcess } = require('./report.js');

const MESSAGE = Buffer.alloc(64, 'x');
const HOUR = 3600 * 1000;

// The same order in each run.
function shuffle(values) {
    let state = 1;
    for (let i = values.length - 1; i > 0; --i) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        const other = Math.floor((state / 2 ** 32) * (i + 1));
        [values[i], values[other]] = [values[other], values[i]];
    }
}

async function sleepers(count, milliseconds) {
    let begun = 0;
    async function sleeper() {
        ++begun;
        await sleep(milliseconds);
        require_(begun === count, 'not all tasks slept at once: let them sleep longer');
    }
    const tasks = [];
    for (let i = 0; i < count; ++i) tasks.push(sleeper());
    await Promise.all(tasks);
    return wholeProcess.report(count);
}

async function sleepers_spread(count, milliseconds) {
    // The first deadline is one span from now, so that spawning is not counted as lateness.
    const start = performance.now() + milliseconds;
    const deadlines = Array.from({ length: count }, (_, i) => start + (i * milliseconds) / count);
    shuffle(deadlines);
    const lateness = new Float32Array(count);
    async function sleeper(i) {
        // A part of a millisecond would be cut off, and the sleeper wake too early.
        await sleep(Math.ceil(deadlines[i] - performance.now()));
        lateness[i] = performance.now() - deadlines[i];
    }
    const tasks = [];
    for (let i = 0; i < count; ++i) tasks.push(sleeper(i));
    await Promise.all(tasks);
    lateness.sort();
    return {
        ...wholeProcess.report(count),
        lateness_p50_ms: lateness[Math.floor(count / 2)],
        lateness_p99_ms: lateness[count - 1 - Math.floor(count / 100)],
        lateness_max_ms: lateness[count - 1],
    };
}

async function spawn_join(tasks, batch) {
    let ran = 0;
    async function trivial() {
        ++ran;
    }
    async function work(tasks) {
        for (let done = 0; done < tasks; done += batch) {
            const some = [];
            for (let i = done; i < Math.min(done + batch, tasks); ++i) some.push(trivial());
            await Promise.all(some);
        }
    }
    await work(Math.floor(tasks / 10));
    ran = 0;
    const usage = new Usage();
    await work(tasks);
    require_(ran === tasks, 'a task is missing');
    return usage.report(tasks);
}

// `await null` would give way to other promises only, and starve timers and sockets.
async function yield_(tasks, rounds) {
    async function turns(rounds) {
        for (let i = 0; i < rounds; ++i) await nextTurn();
    }
    async function work(rounds) {
        const all = [];
        for (let i = 0; i < tasks; ++i) all.push(turns(rounds));
        await Promise.all(all);
    }
    await work(Math.floor(rounds / 10));
    const usage = new Usage();
    await work(rounds);
    return usage.report(tasks * rounds);
}

async function await_(calls) {
    async function child(value) {
        return value;
    }
    async function work(calls) {
        let total = 0;
        for (let i = 0; i < calls; ++i) total += await child(i & 1);
        return total;
    }
    await work(Math.floor(calls / 10));
    const usage = new Usage();
    const total = await work(calls);
    const report = usage.report(calls);
    require_(total === Math.floor(calls / 2), 'a call is missing');
    return report;
}

async function cancelAll(start, count) {
    const controllers = Array.from({ length: count }, () => new AbortController());
    const tasks = controllers.map((controller) => start(controller.signal));
    await nextTurn();
    const usage = new Usage();
    for (const controller of controllers) controller.abort('no longer wanted');
    const results = await Promise.allSettled(tasks);
    const report = usage.report(count);
    const areGone = results.every((result) => result.reason?.name === 'AbortError');
    require_(areGone, 'a task was not cancelled');
    return report;
}

// Each task has its own controller: a signal searches all its listeners when one is added.
async function cancel(count) {
    const sleeper = (signal) => sleep(HOUR, null, { signal });
    await cancelAll(sleeper, Math.floor(count / 10));
    return cancelAll(sleeper, count);
}

// Both ends of TCP connections on loopback.
async function connect(count) {
    // Without this Node would close what it cannot accept, and this program wait for ever.
    const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits'))[1]);
    require_(2 * count + 64 <= limit, 'too many open files: ask for fewer connections');
    const server = net.createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    const pairs = [];
    for (let i = 0; i < count; ++i) {
        const near = net.connect({ port, host: '127.0.0.1', noDelay: true });
        const [[far]] = await Promise.all([once(server, 'connection'), once(near, 'connect')]);
        pairs.push([near, far]);
    }
    server.close();
    return pairs;
}

function closeAll(pairs) {
    for (const socket of pairs.flat()) socket.destroy();
}

function onMessage(socket, act) {
    let have = 0;
    socket.on('data', (bytes) => {
        have += bytes.length;
        if (have < MESSAGE.length) return;
        have = 0;
        act();
    });
}

function ask(socket, rounds) {
    return new Promise((resolve) => {
        let left = rounds;
        onMessage(socket, () => {
            if (--left > 0) return void socket.write(MESSAGE);
            socket.removeAllListeners('data');
            resolve(rounds);
        });
        socket.write(MESSAGE);
    });
}

async function pingpong(connections, rounds) {
    const pairs = await connect(connections);
    for (const [, far] of pairs) onMessage(far, () => far.write(MESSAGE));
    await Promise.all(pairs.map(([near]) => ask(near, Math.ceil(rounds / 10))));
    const usage = new Usage();
    const done = await Promise.all(pairs.map(([near]) => ask(near, rounds)));
    const report = usage.report(connections * rounds);
    const total = done.reduce((sum, some) => sum + some, 0);
    require_(total === connections * rounds, 'a round trip is missing');
    closeAll(pairs);
    return report;
}

async function cancel_io(count) {
    async function work(count) {
        const pairs = await connect(count);
        let at = 0;
        const report = await cancelAll((signal) => once(pairs[at++][0], 'data', { signal }), count);
        closeAll(pairs);
        await nextTurn();
        return report;
    }
    await work(count);
    return work(count);
}

const METRICS = {
    sleepers,
    sleepers_spread,
    spawn_join,
    yield: yield_,
    await: await_,
    cancel,
    pingpong,
    cancel_io,
};

run(() => `Node ${process.versions.node}`, METRICS);
