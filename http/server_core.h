// SPDX-License-Identifier: MIT
//
// What a server's connections share, and what it takes to end them in good order.
#pragma once

#include <weir/http/server.h>
#include <weir/http/wire/date.h>
#include <weir/runtime/base/intrusive_list.h>
#include <weir/runtime/sync/event.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/supervised.h"

namespace weir::http {

class RequestReader;

/// The present as a date, written anew once a second.
class DateClock {
public:
    std::string_view now();

private:
    UnixSeconds second_ = -1;
    std::string text_;
};

/// Supervises what serve() itself waits for: connections to accept, and then the last one's end.
class ServerCore final : public Supervisor {
public:
    ServerCore(TcpListener bound, ServerOptions server_options);

    Task<Result<void>> serve(TaskGroup& group);
    void drain(Duration limit);
    void spawn(Task<void> task);
    /// What ends when it is drained.
    bool is_empty() const noexcept { return connections + background == 0; }
    void one_has_ended() noexcept {
        if (is_empty()) last_has_ended_.set();
    }

    const ServerOptions options;
    const Endpoint local;
    DateClock dates;
    Server::Handler handler;
    IntrusiveList<RequestReader> idle;  // connections between two requests
    std::size_t connections = 0;
    std::size_t background = 0;
    std::uint64_t requests = 0;
    bool is_draining = false;

private:
    Task<Result<void>> accept_connections();
    Task<void> wait_for_the_last();

    std::optional<TcpListener> listener_;
    Semaphore places_;
    TaskGroup* group_ = nullptr;  // while it serves
    Event last_has_ended_;
    Instant drained_by_ = kNever;
};

}  // namespace weir::http
