// SPDX-License-Identifier: MIT
#include <weir/runtime/remote.h>

#include <unistd.h>

#include <weir/runtime/backend.h>
#include <cstdint>

namespace weir::detail {
namespace {

class FunctionPost final : public Post {
public:
    explicit FunctionPost(std::function<void()> function) : function_(std::move(function)) {}

    void arrive() noexcept override {
        function_();
        delete this;
    }
    void drop() noexcept override { delete this; }

private:
    std::function<void()> function_;
};

std::size_t arrive_all(PostQueue& posts) {
    std::size_t count = 0;
    for (; !posts.empty(); ++count)
        posts.pop().arrive();
    return count;
}

}  // namespace

bool Mailbox::put(Post& post) {
    const std::scoped_lock lock(mutex_);
    if (backend_ == nullptr) return false;
    posted_.push(post);
    has_posted_.store(true, std::memory_order_release);
    // Under the lock, so that the backend cannot go away meanwhile.
    backend_->wake();
    if (event_fd_ >= 0) {
        const std::uint64_t one = 1;
        // Fails only when the counter is full: then it is readable.
        static_cast<void>(!::write(event_fd_, &one, sizeof one));
    }
    return true;
}

bool Mailbox::post(std::function<void()> function) {
    auto post = std::make_unique<FunctionPost>(std::move(function));
    if (!put(*post)) return false;
    static_cast<void>(post.release());
    return true;
}

void Mailbox::also_signal(int event_fd) {
    const std::scoped_lock lock(mutex_);
    event_fd_ = event_fd;
}

// The lock makes this see all that was put by those who have let go of their handle since.
bool Mailbox::is_empty() {
    const std::scoped_lock lock(mutex_);
    return posted_.empty();
}

std::size_t Mailbox::run_posted() {
    if (!has_posted_.load(std::memory_order_acquire)) return 0;
    PostQueue posts;
    {
        const std::scoped_lock lock(mutex_);
        std::swap(posts, posted_);
        has_posted_.store(false, std::memory_order_relaxed);
    }
    return arrive_all(posts);
}

PostQueue Mailbox::refuse() noexcept {
    const std::scoped_lock lock(mutex_);
    backend_ = nullptr;
    return std::exchange(posted_, PostQueue());
}

// Both outside the lock: what runs or dies here may post elsewhere, or try to here.
std::size_t Mailbox::finish() {
    PostQueue last = refuse();
    return arrive_all(last);
}

void Mailbox::close() noexcept {
    PostQueue dropped = refuse();
    while (!dropped.empty())
        dropped.pop().drop();
}

}  // namespace weir::detail
