#!/usr/bin/env -S NODE_PATH=/usr/share/nodejs /usr/bin/node
// SPDX-License-Identifier: MIT
//
// usage: undici.js METRIC NUMBERS...
//
// The calls over HTTP, with undici on Node. ../README.md says what each metric is.
'use strict';

const { performance } = require('node:perf_hooks');
const { Agent, request } = require('undici');

const { Usage, require_, run, wholeProcess } = require('./report.js');

const HAPPY = 'All happy loops are alike; '.repeat(10);
const ASKED = HAPPY.slice(0, 131);
const EXPECTED = HAPPY.slice(0, 249);
const HEADERS = { 'content-type': 'application/json' };

const dispatcher = new Agent(); // as many connections as there are calls at one time

async function call(port) {
    const question = { model: 'bench', messages: [{ role: 'user', content: ASKED }] };
    const url = `http://127.0.0.1:${port}/v1/chat/completions`;
    const { statusCode, body } = await request(url, {
        dispatcher,
        method: 'POST',
        headers: HEADERS,
        body: JSON.stringify(question),
    });
    const answer = await body.json();
    const isRight = statusCode === 200 && answer.choices[0].message.content === EXPECTED;
    require_(isRight, 'not the answer that was expected');
}

function callAtOnce(count, port) {
    return Promise.all(Array.from({ length: count }, () => call(port)));
}

async function http_call(calls, inFlight, port) {
    let begun = 0;
    async function keepCalling() {
        while (begun < calls) {
            ++begun;
            await call(port);
        }
    }
    await callAtOnce(inFlight, port);
    const usage = new Usage();
    await Promise.all(Array.from({ length: inFlight }, keepCalling));
    const report = usage.report(calls);
    await dispatcher.close();
    return report;
}

async function inflight(calls, port) {
    const start = performance.now();
    await callAtOnce(calls, port);
    const wall_s = (performance.now() - start) / 1e3;
    const report = { ...wholeProcess.report(calls), wall_s };
    await dispatcher.close();
    return report;
}

async function one_call(calls, port) {
    for (let i = 0; i <= calls / 10; ++i) await call(port);
    const took = new Float64Array(calls);
    const usage = new Usage();
    for (let i = 0; i < calls; ++i) {
        const start = performance.now();
        await call(port);
        took[i] = (performance.now() - start) * 1e3;
    }
    const report = usage.report(calls);
    await dispatcher.close();
    return { ...report, p50_us: took.sort()[Math.floor(calls / 2)] };
}

const TOKENS = [' loops', ' are', ' alike', ';', ' every', ' unhappy', ' loop', ' is'];

async function readStream(chunks, port) {
    const question = { model: 'bench', messages: [{ role: 'user', content: ASKED }] };
    const url = `http://127.0.0.1:${port}/v1/chat/completions`;
    const { body } = await request(url, {
        dispatcher,
        method: 'POST',
        headers: HEADERS,
        body: JSON.stringify(question),
    });
    let text = 0;
    let rest = '';
    body.setEncoding('utf8');
    for await (const piece of body) {
        const lines = (rest + piece).split('\n');
        rest = lines.pop();
        for (const line of lines) {
            if (!line.startsWith('data: ') || line.startsWith('data: [DONE]')) continue;
            const { delta } = JSON.parse(line.slice(6)).choices[0];
            text += (delta.content ?? '').length;
        }
    }
    let expected = 0;
    for (let i = 0; i < chunks; ++i) expected += TOKENS[i % TOKENS.length].length;
    require_(text === expected, 'not the text that was expected');
}

async function stream(streams, chunks, port) {
    const start = performance.now();
    await Promise.all(Array.from({ length: streams }, () => readStream(chunks, port)));
    const wall_s = (performance.now() - start) / 1e3;
    const report = { ...wholeProcess.report(streams * chunks), wall_s };
    await dispatcher.close();
    return report;
}

run(() => `undici ${require('undici/package.json').version}, Node ${process.versions.node}`, {
    http_call,
    inflight,
    one_call,
    stream,
});
