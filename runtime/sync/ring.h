// SPDX-License-Identifier: MIT
//
// A queue of values in one block, which doubles by need and takes no memory before. A large block
// is given back when it has run empty: filling it took so many values that the next allocations do
// not count. It knows no tasks and no bound; the channel keeps its values in it.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

namespace weir::detail {

template <typename T>
class Ring {
public:
    Ring() noexcept {}
    ~Ring() {
        while (size_ > 0)
            static_cast<void>(pop());
        give_back();
    }
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    std::size_t size() const noexcept { return size_; }
    /// For how many values there is memory.
    std::size_t room() const noexcept { return room_; }

    /// Sees to it that one more push() finds room. Throws where there is no memory.
    void make_room() {
        if (size_ == room_) [[unlikely]]
            grow();
    }
    void push(T&& value) {
        make_room();
        push_in_room(std::move(value));
    }
    /// Precondition: make_room(), with no push() or pop() since.
    void push_in_room(T&& value) noexcept {
        std::construct_at(place(size_), std::move(value));
        ++size_;
    }
    /// Precondition: not empty.
    T pop() noexcept {
        T* first = place(0);
        T value = std::move(*first);
        std::destroy_at(first);
        head_ = (head_ + 1) & (room_ - 1);
        if (--size_ == 0 && room_ > kRoomKept) give_back();
        return value;
    }

private:
    static constexpr std::size_t kRoomFirst = 4;  // a power of two, as each room is
    static constexpr std::size_t kRoomKept = 32;

    T* place(std::size_t at) const noexcept { return block_ + ((head_ + at) & (room_ - 1)); }

    void grow() {
        const std::size_t room = room_ == 0 ? kRoomFirst : 2 * room_;
        T* block = std::allocator<T>().allocate(room);
        for (std::size_t at = 0; at < size_; ++at) {
            std::construct_at(block + at, std::move(*place(at)));
            std::destroy_at(place(at));
        }
        give_back();
        block_ = block;
        room_ = room;
    }
    void give_back() noexcept {
        if (block_ != nullptr) std::allocator<T>().deallocate(block_, room_);
        block_ = nullptr;
        room_ = head_ = 0;
    }

    T* block_ = nullptr;
    std::size_t room_ = 0;
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

}  // namespace weir::detail
