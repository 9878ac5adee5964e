// SPDX-License-Identifier: MIT
//
// Many tasks and one wait for the end of all, out of what asio has: completion handlers that count
// down, and a timer that never expires, whose cancellation says that the last one is gone.
#pragma once

#include <asio.hpp>
#include <asio/experimental/as_tuple.hpp>

#include <cstddef>
#include <exception>
#include <utility>

namespace peer {

// What ends by an error code and not by an exception, where the error is the expected end.
constexpr auto use_tuple = asio::experimental::as_tuple(asio::use_awaitable);

class Group {
public:
    explicit Group(asio::any_io_executor executor)
        : all_gone_(std::move(executor), asio::steady_timer::time_point::max()) {}

    void spawn(asio::awaitable<void> task) {
        ++running_;
        asio::co_spawn(all_gone_.get_executor(), std::move(task), completion());
    }
    void spawn(asio::awaitable<void> task, asio::cancellation_slot slot) {
        ++running_;
        asio::co_spawn(all_gone_.get_executor(), std::move(task),
                       asio::bind_cancellation_slot(slot, completion()));
    }
    asio::awaitable<void> join() {
        if (running_ > 0) co_await all_gone_.async_wait(use_tuple);
    }

private:
    struct Completion {
        Group* group;
        void operator()(const std::exception_ptr& error) const {
            if (error) std::rethrow_exception(error);
            if (--group->running_ == 0) group->all_gone_.cancel();
        }
    };
    Completion completion() { return Completion{this}; }

    asio::steady_timer all_gone_;
    std::size_t running_ = 0;
};

}  // namespace peer
