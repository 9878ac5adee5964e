// SPDX-License-Identifier: MIT
//
// The groups of benchmarks, and the work that their child processes do. main.cpp has the tables.
#pragma once

#include <vector>

#include "bench/peers.h"
#include "bench/report.h"
#include "bench/worker.h"

namespace weir::bench {

class Plan {
public:
    Plan(bool is_quick, int repeats, std::vector<Peer> peers)
        : is_quick_(is_quick), repeats_(repeats), peers_(std::move(peers)) {}
    /// Smaller loads, for a look or for continuous integration; not for quoting.
    bool is_quick() const noexcept { return is_quick_; }
    int repeats() const noexcept { return repeats_; }
    /// Those to be measured too: none unless asked for.
    const std::vector<Peer>& peers() const noexcept { return peers_; }

private:
    bool is_quick_;
    int repeats_;
    std::vector<Peer> peers_;
};

/// The CPU that does the measured work, where it can be bound to one, and that of its other end.
constexpr std::size_t kMeasuringCpu = 0;
constexpr std::size_t kServerCpu = 1;

/// What the servers of the HTTP benchmarks do: plain TCP, TLS with a full handshake for each
/// connection, or TLS that gives tickets for later ones.
enum class TlsMode : std::size_t { none, full, resumed };

// Each measures its figures into `report`; an error says what could not be measured.
Result<void> run_runtime_group(const Plan& plan, Report& report);
Result<void> run_memory_group(const Plan& plan, Report& report);
Result<void> run_http_group(const Plan& plan, Report& report);
Result<void> run_llm_group(const Plan& plan, Report& report);
Result<void> run_scale_group(const Plan& plan, Report& report);
/// Not part of a usual run: it needs 13 GB of memory.
Result<void> run_hundred_million(const Plan& plan, Report& report);

// What child processes run.
Result<Sample> sleepers_weir(const Arguments& arguments);
Result<Sample> sleepers_spread_weir(const Arguments& arguments);
Result<Sample> pingpong_weir(const Arguments& arguments);
Result<Sample> connections_weir(const Arguments& arguments);
Result<Sample> cancel_io_weir(const Arguments& arguments);
Result<Sample> inflight_weir(const Arguments& arguments);
Result<Sample> inflight_tls_weir(const Arguments& arguments);
Result<Sample> http_call_weir(const Arguments& arguments);
Result<Sample> one_call_weir(const Arguments& arguments);
Result<Sample> session_reuse_weir(const Arguments& arguments);
Result<Sample> head_parse_weir(const Arguments& arguments);
Result<Sample> tls_connect_weir(const Arguments& arguments);
Result<Sample> chat_call_weir(const Arguments& arguments);
Result<Sample> stream_weir(const Arguments& arguments);
namespace floor {
Result<Sample> sleepers(const Arguments& arguments);
Result<Sample> pingpong_blocking(const Arguments& arguments);
Result<Sample> pingpong_epoll(const Arguments& arguments);
Result<Sample> pingpong_uring(const Arguments& arguments);
Result<Sample> delay_server(const Arguments& arguments);
Result<Sample> delay_relay(const Arguments& arguments);
Result<Sample> inflight_tls_epoll(const Arguments& arguments);
Result<Sample> one_call_blocking(const Arguments& arguments);
Result<Sample> head_parse(const Arguments& arguments);
Result<Sample> tls_connect_blocking(const Arguments& arguments);
Result<Sample> inflight_epoll(const Arguments& arguments);
Result<Sample> inflight_uring(const Arguments& arguments);
Result<Sample> http_call_epoll(const Arguments& arguments);
Result<Sample> http_call_uring(const Arguments& arguments);
Result<Sample> stream_server(const Arguments& arguments);
Result<Sample> stream_epoll(const Arguments& arguments);
}  // namespace floor

}  // namespace weir::bench
