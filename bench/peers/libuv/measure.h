// SPDX-License-Identifier: MIT
//
// What a run has cost, the line that says so, and small help. For the one source that includes it.
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <uv.h>

static void require(int is_true, const char* what) {
    if (is_true) return;
    fprintf(stderr, "libuv: %s\n", what);
    exit(1);
}

static void check(int status) {
    require(status == 0, status < 0 ? uv_strerror(status) : "failed");
}

static void* allocate(size_t bytes) {
    void* memory = malloc(bytes);
    require(memory != NULL, "out of memory");
    return memory;
}

static double cpu_start;
static uint64_t wall_start;
static double cpu_used;
static double wall_used;
static char more_fields[256];

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static void begin_measuring(void) {
    wall_start = uv_hrtime();
    cpu_start = cpu_seconds();
}

static void end_measuring(void) {
    cpu_used = cpu_seconds() - cpu_start;
    wall_used = (double)(uv_hrtime() - wall_start) * 1e-9;
}

static size_t peak_bytes(void) {
    FILE* status = fopen("/proc/self/status", "r");
    char line[256];
    size_t kilobytes = 0;
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (sscanf(line, "VmHWM: %zu", &kilobytes) == 1) break;
    }
    return kilobytes * 1024;
}

static void report(size_t items) {
    printf("{\"cpu_s\":%.6f,\"wall_s\":%.6f,\"peak_bytes\":%zu,\"items\":%zu%s}\n", cpu_used,
           wall_used, peak_bytes(), items, more_fields);
}

// The same numbers in each run.
static size_t random_below(size_t limit) {
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(state >> 33) % limit;
}

static size_t* random_order(size_t count) {
    size_t* order = allocate(count * sizeof *order);
    for (size_t i = 0; i < count; ++i) {
        const size_t other = random_below(i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    return order;
}
