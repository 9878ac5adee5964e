// SPDX-License-Identifier: MIT
#include <weir/runtime/task_group.h>

#include <new>

namespace weir {
namespace {

// The reports of debug mode are incomplete where there is no memory for them.
void note_spawn_if_possible(const detail::PromiseBase& root, std::source_location place) noexcept {
    try {
        detail::note_spawn(root, place);
    } catch (const std::bad_alloc&) {
    }
}

}  // namespace

void TaskGroup::adopt(detail::PromiseBase& root, detail::Owner& owner,
                      std::source_location place) noexcept {
    WEIR_CHECK_HINT(!has_ended_, "spawn into a group whose scope has ended");
    root.become_root(owner);
    roots_.push(root);
    ++live_;
    if (is_cancelled_) root.mark_cancelled();
    detail::make_ready_first(root);
    if (detail::this_loop.spawn_observer != nullptr) [[unlikely]] {
        note_spawn_if_possible(root, place);
    }
}

void TaskGroup::cancel() noexcept {
    if (is_cancelled_) return;
    is_cancelled_ = true;
    for (detail::PromiseBase* child = roots_.first(); child != nullptr;
         child = child->next_sibling()) {
        detail::cancel(*child);
    }
}

void TaskGroup::each_child(detail::ChildVisitor& visitor) const {
    for (detail::PromiseBase* child = roots_.first(); child != nullptr;
         child = child->next_sibling()) {
        visitor.child(*child);
    }
}

// Its frame still stands, and what dies with it may spawn into this group: the last child counts as
// ended only when the loop has destroyed it.
void TaskGroup::child_finished(detail::Failure failure) noexcept {
    if (failure) {
        if (failure_) {
            ++detail::this_loop.failures_dropped;
        } else {
            failure_ = std::move(failure);
        }
        cancel();
    }
    if (live_ > 1) {
        --live_;
    } else {
        detail::this_loop.after_finished = &plain_children_;
    }
}

void TaskGroup::child_ended() noexcept {
    if (--live_ > 0) return;
    has_ended_ = true;
    detail::make_ready(joiner_);
}

namespace detail {

void GroupChild::adopt(PromiseBase& root) noexcept {
    root_ = &root;
    group_.adopt(root, *this);
}

void GroupChild::leaving(PromiseBase& root) noexcept {
    root_ = nullptr;
    group_.roots_.unlink(root);
}

void GroupChild::finished(Failure failure) noexcept {
    group_.child_finished(std::move(failure));
}

void GroupChild::ended() noexcept {
    group_.child_ended();
}

PromiseBase* GroupChild::awaiting() const noexcept {
    return &group_.joiner_.promise();
}

}  // namespace detail
}  // namespace weir
