// SPDX-License-Identifier: MIT
//
// The floor's loop: bare coroutines in a FIFO through their own promises, a wheel, a counter of
// those alive as the only join. No results, no errors, no cancellation, no owner, no checks. What
// weir costs above this is the price of its guarantees.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <utility>

#include "bench/floor/pool.h"
#include "bench/floor/wheel.h"

namespace weir::bench::floor {

/// A coroutine that is queued when it is made and frees itself at its end.
class Job {
public:
    struct promise_type {
        static void* operator new(std::size_t size) { return pool.allocate(size); }
        static void operator delete(void* frame, std::size_t size) { pool.release(frame, size); }

        promise_type() noexcept;
        ~promise_type();
        Job get_return_object() noexcept { return Job(); }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }

        promise_type* next = nullptr;
    };
};

using JobPromise = Job::promise_type;
using JobHandle = std::coroutine_handle<JobPromise>;

class JobQueue {
public:
    bool empty() const noexcept { return head_ == nullptr; }
    void push(JobPromise& job) noexcept {
        job.next = nullptr;
        if (head_ == nullptr) {
            head_ = &job;
        } else {
            tail_->next = &job;
        }
        tail_ = &job;
    }
    JobPromise& pop() noexcept {
        JobPromise& job = *head_;
        head_ = job.next;
        __builtin_prefetch(head_);
        return job;
    }

private:
    JobPromise* head_ = nullptr;
    JobPromise* tail_ = nullptr;
};

struct Loop {
    JobQueue ready;
    std::size_t live = 0;
    std::uint32_t now = 0;  // tick

    /// Runs what is ready until nothing is.
    void run_ready() {
        while (!ready.empty())
            JobHandle::from_promise(ready.pop()).resume();
    }
};

inline constinit Loop loop;
inline constinit Wheel wheel;

inline JobPromise::promise_type() noexcept {
    ++loop.live;
    loop.ready.push(*this);
}
inline JobPromise::~promise_type() {
    --loop.live;
}

struct Yield {
    bool await_ready() noexcept { return false; }
    void await_suspend(JobHandle job) noexcept { loop.ready.push(job.promise()); }
    void await_resume() noexcept {}
};

/// 16 bytes: the tick to wake at lies where the node will be.
class Sleep {
public:
    explicit Sleep(std::uint32_t deadline) noexcept : node_{0, deadline, nullptr} {}
    bool await_ready() noexcept { return false; }
    void await_suspend(JobHandle job) {
        node_.target = &job.promise();
        wheel.insert(node_, node_.deadline);
    }
    void await_resume() noexcept {}

private:
    WheelNode node_;
};

/// A lazy coroutine with a value, for one awaiter.
class Child {
public:
    struct promise_type {
        static void* operator new(std::size_t size) { return pool.allocate(size); }
        static void operator delete(void* frame, std::size_t size) { pool.release(frame, size); }

        struct Final {
            bool await_ready() noexcept { return false; }
            std::coroutine_handle<> await_suspend(
                std::coroutine_handle<promise_type> ended) noexcept {
                return ended.promise().continuation;
            }
            void await_resume() noexcept {}
        };

        Child get_return_object() noexcept {
            return Child(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        Final final_suspend() noexcept { return {}; }
        void return_value(int returned) noexcept { value = returned; }
        void unhandled_exception() noexcept { std::terminate(); }

        std::coroutine_handle<> continuation;
        int value = 0;
    };

    explicit Child(std::coroutine_handle<promise_type> coroutine) noexcept
        : coroutine_(coroutine) {}
    Child(Child&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
    ~Child() {
        if (coroutine_) coroutine_.destroy();
    }

    bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
        coroutine_.promise().continuation = awaiting;
        return coroutine_;
    }
    int await_resume() noexcept { return coroutine_.promise().value; }

private:
    std::coroutine_handle<promise_type> coroutine_;
};

}  // namespace weir::bench::floor
