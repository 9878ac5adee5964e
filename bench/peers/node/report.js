// SPDX-License-Identifier: MIT
//
// What a run has cost, and the way from a command line to the line that says so.
'use strict';

const { readFileSync } = require('node:fs');
const { basename } = require('node:path');
const { performance } = require('node:perf_hooks');

class Usage {
    constructor(cpu = process.cpuUsage(), wall = performance.now()) {
        this.cpu = cpu;
        this.wall = wall;
    }
    // What was used since then.
    report(items) {
        const { user, system } = process.cpuUsage(this.cpu);
        const wall_s = (performance.now() - this.wall) / 1e3;
        return { cpu_s: (user + system) / 1e6, wall_s, items };
    }
}

const wholeProcess = new Usage({ user: 0, system: 0 }, 0);

function fail(status, what) {
    console.error(`${basename(process.argv[1], '.js')}: ${what}`);
    process.exit(status);
}

function require_(isTrue, what) {
    if (!isTrue) fail(1, what);
}

function peakBytes() {
    return Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
}

// Does what the words say; `version` gives the line for --version.
async function run(version, metrics) {
    const [metric = '', ...words] = process.argv.slice(2);
    if (metric === '--version') return console.log(version());
    if (!Object.hasOwn(metrics, metric)) fail(3, `has no metric ${metric}`);
    const report = await metrics[metric](...words.map(Number));
    report.peak_bytes = peakBytes();
    console.log(JSON.stringify(report));
}

module.exports = { Usage, require_, run, wholeProcess };
