// SPDX-License-Identifier: MIT
//
// usage: libuv METRIC NUMBERS...
//
// The peers' benchmarks on libuv: no tasks but handles and callbacks, so that only some of the
// metrics have a meaning. ../README.md says what each is.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <uv.h>

#include "bench/peers/libuv/measure.h"

#define MESSAGE_BYTES 64
#define HOUR_MS (3600 * 1000)

static uv_loop_t* loop;
static size_t count;  // the first number: how many timers or connections
static size_t begun;
static size_t ended;

// ---- Timers that stand for sleeping tasks, each allocated for itself.

static void free_handle(uv_handle_t* handle) {
    free(handle);
    ++ended;
}

static void sleeper_woke(uv_timer_t* timer) {
    require(begun == count, "not all timers ran at once: let them sleep longer");
    uv_close((uv_handle_t*)timer, free_handle);
}

static void sleepers(size_t milliseconds) {
    for (size_t i = 0; i < count; ++i) {
        uv_timer_t* timer = allocate(sizeof *timer);
        check(uv_timer_init(loop, timer));
        check(uv_timer_start(timer, sleeper_woke, milliseconds, 0));
        ++begun;
    }
    uv_run(loop, UV_RUN_DEFAULT);
    end_measuring();
    require(ended == count, "a sleeper is missing");
    report(count);
}

typedef struct {
    uv_timer_t timer;  // first, so that a pointer to it is one to the whole
    double deadline;   // milliseconds of uv_hrtime()
    float lateness;
} punctual_t;

static double now_ms(void) {
    return (double)uv_hrtime() * 1e-6;
}

static void punctual_woke(uv_timer_t* timer) {
    punctual_t* punctual = (punctual_t*)timer;
    punctual->lateness = (float)(now_ms() - punctual->deadline);
    ++ended;
    uv_close((uv_handle_t*)timer, NULL);
}

static int compare_lateness(const void* left, const void* right) {
    const float a = ((const punctual_t*)left)->lateness;
    const float b = ((const punctual_t*)right)->lateness;
    return (a > b) - (a < b);
}

static void sleepers_spread(size_t milliseconds) {
    punctual_t* all = allocate(count * sizeof *all);
    const size_t* order = random_order(count);
    uv_update_time(loop);
    // The first deadline is one span from now, so that starting them is not counted as lateness.
    const double start = now_ms() + (double)milliseconds;
    for (size_t i = 0; i < count; ++i) {
        punctual_t* punctual = &all[order[i]];
        punctual->deadline = start + (double)milliseconds * (double)order[i] / (double)count;
        // One more than the whole milliseconds: a timer that is early cannot be told from a bug.
        const uint64_t wait = (uint64_t)(punctual->deadline - (double)uv_now(loop)) + 1;
        check(uv_timer_init(loop, &punctual->timer));
        check(uv_timer_start(&punctual->timer, punctual_woke, wait, 0));
    }
    uv_run(loop, UV_RUN_DEFAULT);
    end_measuring();
    require(ended == count, "a sleeper is missing");
    qsort(all, count, sizeof *all, compare_lateness);
    snprintf(more_fields, sizeof more_fields,
             ",\"lateness_p50_ms\":%f,\"lateness_p99_ms\":%f,\"lateness_max_ms\":%f",
             all[count / 2].lateness, all[count - 1 - count / 100].lateness,
             all[count - 1].lateness);
    report(count);
}

static void must_not_wake(uv_timer_t* timer) {
    (void)timer;
    require(0, "a timer was not cancelled");
}

static void cancel_some(size_t some) {
    uv_timer_t** timers = allocate(some * sizeof *timers);
    for (size_t i = 0; i < some; ++i) {
        timers[i] = allocate(sizeof *timers[i]);
        check(uv_timer_init(loop, timers[i]));
        check(uv_timer_start(timers[i], must_not_wake, HOUR_MS, 0));
    }
    ended = 0;
    begin_measuring();
    for (size_t i = 0; i < some; ++i) {
        check(uv_timer_stop(timers[i]));
        uv_close((uv_handle_t*)timers[i], free_handle);
    }
    uv_run(loop, UV_RUN_DEFAULT);
    end_measuring();
    require(ended == some, "a timer is still there");
    free(timers);
}

static void cancel(void) {
    cancel_some(count / 10);
    cancel_some(count);
    report(count);
}

// ---- The timers alone.

static void timer_fired(uv_timer_t* timer) {
    (void)timer;
    ++ended;
}

static void start_all(uv_timer_t* timers, size_t longest_ms) {
    uv_update_time(loop);
    for (size_t i = 0; i < count; ++i)
        check(uv_timer_start(&timers[i], timer_fired, 1 + random_below(longest_ms), 0));
}

static void stop_all(uv_timer_t* timers, const size_t* order) {
    for (size_t i = 0; i < count; ++i)
        check(uv_timer_stop(&timers[order[i]]));
}

static double ns_per_timer_since(double start) {
    return (cpu_seconds() - start) * 1e9 / (double)count;
}

static void measure_timers(void) {
    uv_timer_t* timers = allocate(count * sizeof *timers);
    for (size_t i = 0; i < count; ++i)
        check(uv_timer_init(loop, &timers[i]));
    const size_t* order = random_order(count);
    start_all(timers, 60 * 1000);  // to warm up
    stop_all(timers, order);
    begin_measuring();
    start_all(timers, 60 * 1000);
    const double insert_ns = ns_per_timer_since(cpu_start);
    const double cancel_start = cpu_seconds();
    stop_all(timers, order);
    const double cancel_ns = ns_per_timer_since(cancel_start);
    require(uv_run(loop, UV_RUN_NOWAIT) == 0 && ended == 0, "a timer was not cancelled");
    start_all(timers, 1000);
    const double expire_start = cpu_seconds();
    uv_run(loop, UV_RUN_DEFAULT);
    const double expire_ns = ns_per_timer_since(expire_start);
    end_measuring();
    require(ended == count, "a timer has not fired");
    snprintf(more_fields, sizeof more_fields,
             ",\"insert_ns\":%.2f,\"cancel_ns\":%.2f,\"expire_ns\":%.2f", insert_ns, cancel_ns,
             expire_ns);
    report(count);
}

// ---- Sockets.

typedef struct {
    uv_tcp_t tcp;  // first, so that a pointer to it is one to the whole
    uv_write_t write;
    char message[MESSAGE_BYTES];  // the one that is received, and then the one that is sent
    size_t have;
    size_t rounds_left;
    int is_client;
} end_t;

static end_t* ends;  // client, server, client, server, ...
static size_t pending;

static void written(uv_write_t* request, int status) {
    (void)request;
    check(status);
}

static void send_message(end_t* end) {
    const uv_buf_t buffer = uv_buf_init(end->message, MESSAGE_BYTES);
    check(uv_write(&end->write, (uv_stream_t*)&end->tcp, &buffer, 1, written));
}

// One buffer for all, larger than a message: had a receive filled it, libuv would try another.
static void give_buffer(uv_handle_t* handle, size_t suggested, uv_buf_t* buffer) {
    static char bytes[64 * 1024];
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(bytes, sizeof bytes);
}

static void received(uv_stream_t* stream, ssize_t bytes, const uv_buf_t* buffer) {
    require(bytes >= 0, "a connection has ended");
    end_t* end = (end_t*)stream;
    require(end->have + (size_t)bytes <= MESSAGE_BYTES, "more than a message has come");
    memcpy(end->message + end->have, buffer->base, (size_t)bytes);
    end->have += (size_t)bytes;
    if (end->have < MESSAGE_BYTES) return;
    end->have = 0;
    if (end->is_client) {
        ++ended;
        if (--end->rounds_left == 0) {
            if (--pending == 0) uv_stop(loop);
            return;
        }
    }
    send_message(end);
}

static void connected(uv_connect_t* request, int status) {
    (void)request;
    check(status);
    ++begun;
}

static void accept_one(uv_stream_t* listener, int status) {
    check(status);
    end_t* end = &ends[2 * pending++ + 1];
    check(uv_tcp_init(loop, &end->tcp));
    check(uv_accept(listener, (uv_stream_t*)&end->tcp));
}

static void connect_all(size_t some) {
    // Without this libuv would close what it cannot accept, and this program wait for ever.
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    require(2 * some + 32 <= limit.rlim_cur, "too many open files: ask for fewer connections");
    ends = calloc(2 * some, sizeof *ends);
    require(ends != NULL, "out of memory");
    uv_tcp_t listener;
    struct sockaddr_in address;
    int length = sizeof address;
    check(uv_ip4_addr("127.0.0.1", 0, &address));
    check(uv_tcp_init(loop, &listener));
    check(uv_tcp_bind(&listener, (struct sockaddr*)&address, 0));
    check(uv_listen((uv_stream_t*)&listener, 128, accept_one));
    check(uv_tcp_getsockname(&listener, (struct sockaddr*)&address, &length));
    uv_connect_t request;
    begun = pending = 0;
    for (size_t i = 0; i < some; ++i) {
        check(uv_tcp_init(loop, &ends[2 * i].tcp));
        check(uv_tcp_connect(&request, &ends[2 * i].tcp, (struct sockaddr*)&address, connected));
        while (begun <= i || pending <= i)
            uv_run(loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t*)&listener, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
    for (size_t i = 0; i < 2 * some; ++i) {
        ends[i].is_client = i % 2 == 0;
        check(uv_tcp_nodelay(&ends[i].tcp, 1));
    }
}

static void receive_on(end_t* end) {
    check(uv_read_start((uv_stream_t*)&end->tcp, give_buffer, received));
}

static void play(size_t rounds) {
    ended = 0;
    pending = count;
    for (size_t i = 0; i < count; ++i) {
        ends[2 * i].rounds_left = rounds;
        send_message(&ends[2 * i]);
    }
    uv_run(loop, UV_RUN_DEFAULT);
    require(ended == count * rounds, "a round trip is missing");
}

static void pingpong(size_t rounds) {
    connect_all(count);
    for (size_t i = 0; i < 2 * count; ++i)
        receive_on(&ends[i]);
    play(rounds / 10 + 1);
    begin_measuring();
    play(rounds);
    end_measuring();
    report(count * rounds);
}

static void end_closed(uv_handle_t* handle) {
    (void)handle;
    ++ended;
}

// A handle is gone when its close callback has run; that closes the socket as well.
static void cancel_io_some(size_t some) {
    connect_all(some);
    for (size_t i = 0; i < some; ++i)
        receive_on(&ends[2 * i]);
    uv_run(loop, UV_RUN_NOWAIT);
    ended = 0;
    begin_measuring();
    for (size_t i = 0; i < some; ++i) {
        check(uv_read_stop((uv_stream_t*)&ends[2 * i].tcp));
        uv_close((uv_handle_t*)&ends[2 * i].tcp, end_closed);
    }
    while (ended < some)
        uv_run(loop, UV_RUN_NOWAIT);
    end_measuring();
    for (size_t i = 0; i < some; ++i)
        uv_close((uv_handle_t*)&ends[2 * i + 1].tcp, end_closed);
    uv_run(loop, UV_RUN_DEFAULT);
    require(ended == 2 * some, "a socket is still there");
    free(ends);
}

static void cancel_io(void) {
    cancel_io_some(count);
    cancel_io_some(count);
    report(count);
}

static size_t number(int words, char** word, int at) {
    require(words > at + 2, "a number is missing");
    return strtoul(word[at + 2], NULL, 10);
}

typedef struct {
    const char* name;
    void (*with_one)(void);    // takes `count` alone
    void (*with_two)(size_t);  // takes a second number
} metric_t;

static const metric_t kMetrics[] = {
    {"sleepers", NULL, sleepers}, {"sleepers_spread", NULL, sleepers_spread},
    {"cancel", cancel, NULL},     {"timers", measure_timers, NULL},
    {"pingpong", NULL, pingpong}, {"cancel_io", cancel_io, NULL},
};

int main(int words, char** word) {
    wall_start = uv_hrtime();  // for the metrics that are about the whole process
    const char* name = words > 1 ? word[1] : "";
    if (strcmp(name, "--version") == 0) {
        printf("libuv %s, gcc %s\n", uv_version_string(), __VERSION__);
        return 0;
    }
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    loop = uv_default_loop();
    for (size_t i = 0; i < sizeof kMetrics / sizeof *kMetrics; ++i) {
        if (strcmp(name, kMetrics[i].name) != 0) continue;
        count = number(words, word, 0);
        if (kMetrics[i].with_one != NULL) {
            kMetrics[i].with_one();
        } else {
            kMetrics[i].with_two(number(words, word, 1));
        }
        return 0;
    }
    fprintf(stderr, "libuv: has no metric %s\n", name);
    return 3;
}
