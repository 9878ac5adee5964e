// SPDX-License-Identifier: MIT
//
// Values from tasks to tasks of one reactor, first in, first out, with a bound on those under way.
// A receiver that waits is promised a value, not handed one: the value leaves the channel when the
// receiver runs. So a receiver that is cancelled in between loses nothing, and the oldest value is
// always the next to leave. What was promised needs no room: it counts as if it had left.
#pragma once

#include <weir/runtime/base/assert.h>
#include <weir/runtime/base/intrusive_list.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/ready_queue.h>
#include <weir/runtime/sync/ring.h>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir {

template <typename T>
class Channel;

template <typename T>
class SendAwaiter : public detail::Waiter {
public:
    SendAwaiter(Channel<T>& channel, T value) noexcept
        : channel_(channel), value_(std::move(value)) {}
    ~SendAwaiter() {}

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) {
        auto* leaf = static_cast<detail::Waiter*>(this);
        if (!detail::begin_wait(waiting, leaf, detail::LeafKind::waiter)) return true;
        if (channel_.is_closed_) return detail::pass_or_queue(waiting);
        if (channel_.has_room()) {
            try {
                channel_.values_.make_room();
            } catch (...) {
                detail::end_wait(waiting);
                throw;
            }
            enter();
            return detail::pass_or_queue(waiting);
        }
        set_waiting(detail::to_handle(waiting), detail::QueueKind::channel_send);
        channel_.senders_.push_back(*this);
        return true;
    }

    Result<void> await_resume() {
        if (is_sent_) return {};
        return Error(Errc::channel_closed,
                     "send(): the channel is closed, and the value given up; a channel is best "
                     "closed by its last sender");
    }

private:
    friend class Channel<T>;
    void enter() noexcept {
        is_sent_ = true;
        channel_.put(std::move(value_));
    }

    Channel<T>& channel_;
    T value_;
    bool is_sent_ = false;
};

template <typename T>
class ReceiveAwaiter : public detail::Waiter {
public:
    explicit ReceiveAwaiter(Channel<T>& channel) noexcept : channel_(channel) {}
    ~ReceiveAwaiter() {
        if (has_claim_) channel_.drop_claim();
    }

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) {
        auto* leaf = static_cast<detail::Waiter*>(this);
        if (!detail::begin_wait(waiting, leaf, detail::LeafKind::waiter)) return true;
        try {
            has_claim_ = channel_.claim();
        } catch (...) {
            detail::end_wait(waiting);
            throw;
        }
        if (has_claim_ || channel_.is_drained()) return detail::pass_or_queue(waiting);
        set_waiting(detail::to_handle(waiting), detail::QueueKind::channel_receive);
        channel_.receivers_.push_back(*this);
        return true;
    }

    std::optional<T> await_resume() noexcept {
        if (!has_claim_) return std::nullopt;
        has_claim_ = false;
        return channel_.take_claimed();
    }

private:
    friend class Channel<T>;
    Channel<T>& channel_;
    bool has_claim_ = false;
};

/// What Channel::send() returns; co_await it.
template <typename T>
class [[nodiscard]] SendRequest {
public:
    using weir_request = void;
    SendRequest(Channel<T>& channel, T value) noexcept
        : channel_(channel), value_(std::move(value)) {}
    SendAwaiter<T> start() && noexcept { return SendAwaiter<T>(channel_, std::move(value_)); }

private:
    Channel<T>& channel_;
    T value_;
};

/// What Channel::receive() returns; co_await it.
template <typename T>
class [[nodiscard]] ReceiveRequest {
public:
    using weir_request = void;
    explicit ReceiveRequest(Channel<T>& channel) noexcept : channel_(channel) {}
    ReceiveAwaiter<T> start() const noexcept { return ReceiveAwaiter<T>(channel_); }

private:
    Channel<T>& channel_;
};

/// Any number of senders and receivers; each group is served in the order of its coming. Must
/// outlive the tasks that wait in it, and those that were woken until they have run. Belongs to one
/// thread. T may be move-only; its move must not throw. Each call that may move a value into the
/// channel throws std::bad_alloc where there is no memory; the channel is then as it was. Let T
/// have a constructor: g++ 12 destroys an aggregate that is made with braces in a co_await twice.
template <typename T>
class Channel {
    static_assert(std::is_object_v<T> && std::is_nothrow_move_constructible_v<T>,
                  "values move through the channel at moments when nobody could catch");

public:
    /// `capacity`: so many values may lie in it with nobody waiting for them. With 0 a send waits
    /// for a receiver. No memory is taken before there are values.
    explicit Channel(std::size_t capacity) noexcept : capacity_(capacity) {}
    ~Channel() {
        WEIR_CHECK_HINT(senders_.empty() && receivers_.empty() && claims_ == 0,
                        "a channel must outlive the tasks that wait in it");
    }
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// Waits for room: Result<void>. Errc::channel_closed where it is closed before there is some;
    /// the value is then given up. The send is done when the value has entered the channel: from
    /// then on it will be received, even if the sender is cancelled before it goes on, and with a
    /// capacity of 0 even if the receiver is. A sender cancelled before that takes its value along.
    SendRequest<T> send(T value) noexcept { return SendRequest<T>(*this, std::move(value)); }

    /// Waits for a value: std::optional<T>, empty when the channel is closed and all values have
    /// been received. A receiver that is cancelled leaves its value to the next.
    ReceiveRequest<T> receive() noexcept { return ReceiveRequest<T>(*this); }

    /// Without waiting. False, with `value` untouched: there is no room, or it is closed.
    [[nodiscard]] bool try_send(T&& value) {
        if (is_closed_ || !has_room()) return false;
        values_.make_room();
        put(std::move(value));
        return true;
    }
    [[nodiscard]] bool try_send(const T& value)
        requires std::is_copy_constructible_v<T>
    {
        return !is_closed_ && has_room() && try_send(T(value));
    }

    /// Without waiting. Empty: there is none but those promised to receivers that were woken.
    [[nodiscard]] std::optional<T> try_receive() {
        if (!claim()) return std::nullopt;
        return take_claimed();
    }

    /// No more sends. Receivers still get what has entered; senders that wait get
    /// Errc::channel_closed. Closing twice is closing once.
    void close() noexcept {
        is_closed_ = true;
        // Both loops end, since nobody joins meanwhile: those who are woken run later.
        while (!senders_.empty())
            detail::make_ready(senders_.pop_front().waiting());
        wake_if_drained();
    }
    bool is_closed() const noexcept { return is_closed_; }

    /// How many values a receiver would find now. More than the capacity only where receivers were
    /// cancelled that had been promised one.
    std::size_t size() const noexcept { return values_.size() - claims_; }
    std::size_t capacity() const noexcept { return capacity_; }

private:
    friend class SendAwaiter<T>;
    friend class ReceiveAwaiter<T>;

    // At all times: if receivers wait, then size() is 0 and no sender waits; if senders wait, then
    // size() is the capacity at least, and no receiver waits. Cancelled waiters leave silently,
    // which breaks neither.

    bool has_room() const noexcept { return size() < capacity_ || !receivers_.empty(); }
    bool is_drained() const noexcept { return is_closed_ && values_.size() == 0; }

    // Precondition: has_room(), or the claim that is to follow makes some; and values_.make_room().
    void put(T&& value) noexcept {
        values_.push_in_room(std::move(value));
        promise_to_waiter();
    }
    void promise_to_waiter() noexcept {
        if (receivers_.empty()) return;
        ++claims_;
        ReceiveAwaiter<T>& first = receivers_.pop_front();
        first.has_claim_ = true;
        detail::make_ready(first.waiting());
    }

    // False: there is no value but those claimed already.
    bool claim() {
        if (size() == 0 && senders_.empty()) return false;
        // The room that the claim makes is the first waiting sender's; with a capacity of 0 its
        // value is the one that is claimed.
        const bool admits = !senders_.empty() && values_.size() <= capacity_ + claims_;
        if (admits) values_.make_room();  // throws, if at all, while nothing has changed
        ++claims_;
        if (admits) admit_sender();
        return true;
    }
    void admit_sender() noexcept {
        SendAwaiter<T>& first = senders_.pop_front();
        first.enter();
        detail::make_ready(first.waiting());
    }
    T take_claimed() noexcept {
        --claims_;
        T value = values_.pop();
        wake_if_drained();
        return value;
    }
    void drop_claim() noexcept {
        --claims_;
        promise_to_waiter();
    }
    // Receivers wait for those that were promised the last values: one of them may be cancelled.
    void wake_if_drained() noexcept {
        if (!is_drained()) return;
        while (!receivers_.empty())
            detail::make_ready(receivers_.pop_front().waiting());
    }

    detail::Ring<T> values_;
    std::size_t capacity_;
    std::size_t claims_ = 0;  // values promised to receivers that have not run yet
    IntrusiveList<SendAwaiter<T>> senders_;
    IntrusiveList<ReceiveAwaiter<T>> receivers_;
    bool is_closed_ = false;
};

}  // namespace weir
