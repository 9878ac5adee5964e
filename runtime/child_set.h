// SPDX-License-Identifier: MIT
//
// What gather() and race() have in common: a fixed number of children that begin together and are
// told apart by their index; whoever waits goes on when the last of them is gone.
#pragma once

#include <weir/runtime/ready_queue.h>
#include <weir/runtime/task.h>
#include <weir/runtime/unit.h>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace weir::detail {

class ChildSet : public Composite, protected Owner {
public:
    ChildSet(const ChildSet&) = delete;
    ChildSet& operator=(const ChildSet&) = delete;

protected:
    ChildSet() noexcept {}
    ~ChildSet() {}

    /// `children`: one place for each child, kept until the last has ended. False: the unit is
    /// cancelled already, and no child must begin.
    template <typename Promise>
    bool begin(std::coroutine_handle<Promise> waiting, std::span<PromiseBase*> children) noexcept {
        if (!begin_wait(waiting, static_cast<Composite*>(this), LeafKind::composite)) return false;
        waiting_ = to_handle(waiting);
        children_ = children;
        return true;
    }
    /// The next child, in order.
    void add(PromiseBase& root) noexcept {
        root.become_root(*this);
        root.set_tag(live_);
        children_[live_++] = &root;
        make_ready_first(root);
    }

    void cancel_children() noexcept override {
        if (std::exchange(is_cancelled_, true)) return;
        for (PromiseBase* child : children_) {
            if (child != nullptr) cancel(*child);
        }
    }
    /// All but this one, which has just reached its end.
    void cancel_others(std::size_t index) noexcept {
        children_[index] = nullptr;
        cancel_children();
    }

    void child_unwound(std::uintptr_t index) noexcept override {
        children_[index] = nullptr;
        if (--live_ == 0) make_ready(waiting_);
    }

    PromiseBase* awaiting() const noexcept override {
        return waiting_ ? &waiting_.promise() : nullptr;
    }
    void each_child(ChildVisitor& visitor) const override {
        for (PromiseBase* child : children_) {
            if (child != nullptr) visitor.child(*child);
        }
    }

private:
    std::span<PromiseBase*> children_;  // null: has ended
    Handle waiting_{};
    std::size_t live_ = 0;
    bool is_cancelled_ = false;
};

/// Begins all the tasks of a vector.
template <typename T>
class TaskVector : public ChildSet {
protected:
    explicit TaskVector(std::vector<Task<T>> tasks) : tasks_(std::move(tasks)) {}
    ~TaskVector() {}

    std::size_t size() const noexcept { return tasks_.size(); }

    template <typename Promise>
    bool begin_all(std::coroutine_handle<Promise> waiting) {
        children_.resize(tasks_.size());
        if (!begin(waiting, children_)) return true;
        if (tasks_.empty()) return pass_or_queue(waiting);
        for (Task<T>& task : tasks_)
            add(task.release().promise());
        return true;
    }

private:
    std::vector<Task<T>> tasks_;
    std::vector<PromiseBase*> children_;
};

}  // namespace weir::detail
