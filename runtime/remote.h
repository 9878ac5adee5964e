// SPDX-License-Identifier: MIT
//
// The way into a loop from other threads: functions are put into the loop's mailbox and run there,
// between two turns. The only part of a reactor that is shared, and the only one with a lock.
// Tasks go the same way; that is in remote_run.h.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace weir {

template <typename F>
class RemoteRunRequest;

namespace detail {

class Backend;

/// Something for another loop's thread to do. It is linked into the mailbox as it is, so that who
/// must report an end can always do so, without memory.
class Post {
public:
    /// On the loop's thread. The object may go away in the course of it.
    virtual void arrive() noexcept = 0;
    /// Instead: the loop has ended.
    virtual void drop() noexcept = 0;

    Post* next = nullptr;  // in the mailbox; before and after it, free for other lists

protected:
    Post() noexcept = default;
    Post(const Post&) = delete;
    Post& operator=(const Post&) = delete;
    ~Post() = default;
};

/// First in, first out.
class PostQueue {
public:
    bool empty() const noexcept { return first_ == nullptr; }
    void push(Post& post) noexcept {
        post.next = nullptr;
        (last_ == nullptr ? first_ : last_->next) = &post;
        last_ = &post;
    }
    /// Precondition: not empty.
    Post& pop() noexcept {
        Post& post = *first_;
        first_ = std::exchange(post.next, nullptr);
        if (first_ == nullptr) last_ = nullptr;
        return post;
    }

private:
    Post* first_ = nullptr;
    Post* last_ = nullptr;
};

class Mailbox {
public:
    explicit Mailbox(Backend& backend) noexcept : backend_(&backend) {}

    /// Any thread. False when the loop has ended: then nothing happens to `post`. When this
    /// returns true, `post` may be gone already.
    bool put(Post& post);
    bool post(std::function<void()> function);
    /// Any thread.
    bool is_empty();
    /// The loop's thread: from now on each post is written to this eventfd, too. -1 ends that.
    void also_signal(int event_fd);
    /// The loop's thread: runs what was posted, in order, and says how much that was.
    std::size_t run_posted();
    /// The loop's thread, at its end: from now on post() refuses. What was accepted is run.
    std::size_t finish();
    /// The same for a loop that never ran: what was posted is dropped.
    void close() noexcept;

private:
    PostQueue refuse() noexcept;

    std::mutex mutex_;
    Backend* backend_;  // null once closed
    PostQueue posted_;
    int event_fd_ = -1;
    std::atomic<bool> has_posted_ = false;  // spares the loop the lock when there is nothing
};

}  // namespace detail

/// A counted handle on a loop. Copies may live on any thread and outlive the loop. While there is
/// one, the loop counts as one that may still hear of something: no deadlock is reported.
class Remote {
public:
    /// Runs `function` on the loop's thread, soon. Any thread, the loop's own among them. False
    /// when the loop has ended: then it is not run. True: it is, though perhaps after the outermost
    /// task has ended, so it must not touch what that task owns unless the task waits for it.
    /// `function` must not throw.
    bool post(std::function<void()> function) const { return mailbox_->post(std::move(function)); }

    /// `co_await remote.run(factory)`: calls `factory()`, which makes a task, on that loop's
    /// thread, runs the task there, and gives its value here. Include remote_run.h, which says
    /// more.
    template <typename F>
    RemoteRunRequest<F> run(F factory) const;

    /// For weir's own use.
    detail::Mailbox& mailbox() const noexcept { return *mailbox_; }

private:
    friend class Reactor;
    explicit Remote(std::shared_ptr<detail::Mailbox> mailbox) noexcept
        : mailbox_(std::move(mailbox)) {}

    std::shared_ptr<detail::Mailbox> mailbox_;
};

}  // namespace weir
