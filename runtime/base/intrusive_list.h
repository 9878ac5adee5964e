// SPDX-License-Identifier: MIT
//
// A doubly linked list whose links lie in the elements, so that joining and leaving allocate
// nothing and an element can leave without knowing its list. Used for waiters of every kind.
#pragma once

#include <weir/runtime/base/assert.h>

namespace weir {

/// Base of what can be in an IntrusiveList. A linked node must not move or die.
class IntrusiveNode {
public:
    IntrusiveNode() noexcept = default;
    IntrusiveNode(const IntrusiveNode&) = delete;
    IntrusiveNode& operator=(const IntrusiveNode&) = delete;

    bool is_linked() const noexcept { return next_ != nullptr; }

    /// Leaves its list. Precondition: is_linked().
    void unlink() noexcept {
        previous_->next_ = next_;
        next_->previous_ = previous_;
        previous_ = next_ = nullptr;
    }

private:
    template <typename T>
    friend class IntrusiveList;

    IntrusiveNode* previous_ = nullptr;
    IntrusiveNode* next_ = nullptr;
};

/// T must derive from IntrusiveNode. The list owns none of its elements.
template <typename T>
class IntrusiveList {
public:
    IntrusiveList() noexcept { head_.previous_ = head_.next_ = &head_; }
    ~IntrusiveList() { WEIR_CHECK(empty()); }
    IntrusiveList(const IntrusiveList&) = delete;
    IntrusiveList& operator=(const IntrusiveList&) = delete;

    bool empty() const noexcept { return head_.next_ == &head_; }

    /// Precondition: the list is not empty.
    T& front() noexcept { return static_cast<T&>(*head_.next_); }
    /// Precondition: the list is not empty.
    T& back() noexcept { return static_cast<T&>(*head_.previous_); }

    void push_back(T& element) noexcept {
        IntrusiveNode& node = element;
        WEIR_ASSERT(!node.is_linked());
        node.previous_ = head_.previous_;
        node.next_ = &head_;
        head_.previous_->next_ = &node;
        head_.previous_ = &node;
    }

    /// Takes out and gives the oldest element. Precondition: the list is not empty.
    T& pop_front() noexcept {
        T& element = front();
        static_cast<IntrusiveNode&>(element).unlink();
        return element;
    }

private:
    IntrusiveNode head_;
};

}  // namespace weir
