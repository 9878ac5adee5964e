// SPDX-License-Identifier: MIT
#include <weir/runtime/task_group.h>

namespace weir {

void TaskGroup::adopt(detail::PromiseBase& root, detail::Owner& owner) noexcept {
    WEIR_CHECK_HINT(!has_ended_, "spawn into a group whose scope has ended");
    root.become_root(owner);
    root.set_previous_sibling(nullptr);
    root.set_next_sibling(first_);
    if (first_ != nullptr) first_->set_previous_sibling(&root);
    first_ = &root;
    ++live_;
    if (is_cancelled_) root.mark_cancelled();
    detail::make_ready_first(root);
}

void TaskGroup::unlink(detail::PromiseBase& root) noexcept {
    detail::PromiseBase* previous = root.previous_sibling();
    detail::PromiseBase* next = root.next_sibling();
    if (next != nullptr) next->set_previous_sibling(previous);
    if (previous != nullptr) {
        previous->set_next_sibling(next);
    } else {
        first_ = next;
    }
}

void TaskGroup::cancel() noexcept {
    if (is_cancelled_) return;
    is_cancelled_ = true;
    for (detail::PromiseBase* child = first_; child != nullptr; child = child->next_sibling()) {
        detail::cancel(*child);
    }
}

void TaskGroup::child_ended(detail::Failure failure) noexcept {
    if (failure) {
        if (!failure_) failure_ = std::move(failure);
        cancel();
    }
    if (--live_ > 0) return;
    has_ended_ = true;
    detail::make_ready(joiner_);
}

}  // namespace weir
