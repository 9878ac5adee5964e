// SPDX-License-Identifier: MIT
#include "http/server_core.h"

#include <weir/runtime/reactor.h>
#include <weir/runtime/sleep.h>
#include <algorithm>
#include <ctime>
#include <utility>

#include "http/server_connection.h"

namespace weir::http {
namespace {

// When descriptors have run out, accepting again at once would only spin.
constexpr Duration kPauseAfterFailedAccept = std::chrono::milliseconds(20);

// In a simulated world its own time, from 1970 on: the same seed sends the same bytes.
UnixSeconds present() {
    const Reactor& reactor = Reactor::current();
    if (reactor.backend_kind() != BackendKind::simulated) return std::time(nullptr);
    return std::chrono::floor<std::chrono::seconds>(reactor.now().time_since_epoch()).count();
}

/// One of those whose end is waited for, from the moment it is spawned.
class Counted {
public:
    Counted(ServerCore& core, std::size_t& count) noexcept : core_(&core), count_(&count) {
        ++count;
    }
    Counted(Counted&& other) noexcept
        : core_(std::exchange(other.core_, nullptr)), count_(other.count_) {}
    Counted& operator=(Counted&&) = delete;
    ~Counted() {
        if (core_ == nullptr) return;
        --*count_;
        core_->one_has_ended();
    }

private:
    ServerCore* core_;
    std::size_t* count_;
};

Task<void> serve_connection(ServerCore& core, TcpStream stream, Permit, Counted) {
    ServerConnection connection(core, std::move(stream));
    co_await connection.serve();
}

Task<void> run_in_background(Task<void> task, Counted) {
    try {
        co_await std::move(task);
    } catch (...) {
        // It must not end the server: whoever wants to hear of it catches it.
    }
}

}  // namespace

std::string_view DateClock::now() {
    const UnixSeconds second = present();
    if (second != second_) {
        second_ = second;
        text_ = http_date(second);
    }
    return text_;
}

ServerCore::ServerCore(TcpListener bound, ServerOptions server_options)
    : options(std::move(server_options)),
      local(bound.local_endpoint()),
      listener_(std::move(bound)),
      places_(options.connections_max_) {}

Task<Result<void>> ServerCore::serve(TaskGroup& group) {
    class Serving {
    public:
        Serving(TaskGroup*& place, TaskGroup& group) noexcept : place_(place) { place_ = &group; }
        Serving(const Serving&) = delete;
        Serving& operator=(const Serving&) = delete;
        ~Serving() { place_ = nullptr; }

    private:
        TaskGroup*& place_;
    };
    const Serving serving(group_, group);
    if (!is_draining) {
        Result<void> ended = co_await supervised(*this, kNever, kNever, accept_connections());
        if (!is_draining) co_return ended;
    }
    // Whoever connects from now on is refused, and may try elsewhere.
    listener_.reset();
    while (!is_empty()) {
        Result<void> ended = co_await supervised(*this, drained_by_, kNever, wait_for_the_last());
        // Interrupted: there is another limit.
        if (!ended && ended.error() == Error::timed_out) break;
    }
    group.cancel();
    co_return Result<void>();
}

Task<Result<void>> ServerCore::accept_connections() {
    for (;;) {
        Permit permit = co_await places_.acquire();
        Result<TcpStream> stream = co_await listener_->accept();
        if (stream) {
            group_->spawn(serve_connection(*this, *std::move(stream), std::move(permit),
                                           Counted(*this, connections)));
            continue;
        }
        if (stream.error() == std::errc::bad_file_descriptor) co_return std::move(stream).error();
        co_await sleep_for(kPauseAfterFailedAccept);
    }
}

void ServerCore::drain(Duration limit) {
    const Instant by = saturating_add(Reactor::current().now(), limit);
    drained_by_ = is_draining ? std::min(drained_by_, by) : by;
    is_draining = true;
    while (!idle.empty())
        idle.pop_front().interrupt();
    interrupt();
}

void ServerCore::spawn(Task<void> task) {
    WEIR_CHECK_HINT(group_ != nullptr, "work in the background needs a server that serves");
    group_->spawn(run_in_background(std::move(task), Counted(*this, background)));
}

Task<void> ServerCore::wait_for_the_last() {
    last_has_ended_.clear();
    co_await last_has_ended_.wait();
}

}  // namespace weir::http
