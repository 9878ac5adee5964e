// SPDX-License-Identifier: MIT
#include <weir/runtime/connect_any.h>

#include <weir/runtime/sync/event.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>
#include <cstddef>
#include <optional>
#include <utility>

namespace weir {
namespace {

/// What the attempts have come to.
class Attempts {
public:
    Event changed;  // an attempt has ended since this was cleared
    std::optional<TcpStream> winner;
    std::optional<Error> failure;  // the last
    std::size_t running = 0;
};

Task<void> attempt(Attempts& attempts, const Endpoint& endpoint, const SocketOptions& options) {
    Result<TcpStream> stream = co_await TcpStream::connect(endpoint, options);
    --attempts.running;
    attempts.changed.set();
    if (!stream) {
        attempts.failure = std::move(stream).error();
    } else if (!attempts.winner) {
        attempts.winner = *std::move(stream);
    }
}

Task<void> wait_for(Event& event) {
    co_await event.wait();
}

}  // namespace

std::vector<Endpoint> interleave_families(const std::vector<Endpoint>& endpoints) {
    std::vector<Endpoint> ordered;
    ordered.reserve(endpoints.size());
    std::size_t next[2] = {0, 0};  // where to look on for the first address's family, the other
    for (bool other = false; ordered.size() < endpoints.size(); other = !other) {
        std::size_t& at = next[other ? 1 : 0];
        const bool wants_ipv6 = endpoints.front().is_ipv6() != other;
        while (at < endpoints.size() && endpoints[at].is_ipv6() != wants_ipv6)
            ++at;
        if (at < endpoints.size()) ordered.push_back(endpoints[at++]);
    }
    return ordered;
}

Task<Result<TcpStream>> connect_any(std::vector<Endpoint> endpoints, SocketOptions options) {
    WEIR_CHECK_HINT(!endpoints.empty(), "connect_any() needs an address to connect to");
    if (endpoints.size() == 1) co_return co_await TcpStream::connect(endpoints.front(), options);
    endpoints = interleave_families(endpoints);
    Attempts attempts;
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        for (const Endpoint& endpoint : endpoints) {
            attempts.changed.clear();
            ++attempts.running;
            group.spawn(attempt(attempts, endpoint, options));
            std::ignore = co_await timeout(kConnectionAttemptDelay, wait_for(attempts.changed));
            if (attempts.winner) break;
        }
        while (!attempts.winner && attempts.running > 0) {
            attempts.changed.clear();
            co_await attempts.changed.wait();
        }
        group.cancel();
    });
    if (attempts.winner) co_return *std::move(attempts.winner);
    co_return *std::move(attempts.failure);
}

}  // namespace weir
