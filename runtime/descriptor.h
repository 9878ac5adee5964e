// SPDX-License-Identifier: MIT
//
// A file descriptor with an owner, for those that no socket slot keeps.
#pragma once

#include <unistd.h>
#include <utility>

namespace weir::detail {

/// Closes its descriptor when it dies. Move-only.
class OwnedDescriptor {
public:
    OwnedDescriptor() noexcept = default;
    explicit OwnedDescriptor(int fd) noexcept : fd_(fd) {}
    OwnedDescriptor(OwnedDescriptor&& other) noexcept : fd_(other.release()) {}
    OwnedDescriptor& operator=(OwnedDescriptor&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = other.release();
        }
        return *this;
    }
    ~OwnedDescriptor() { reset(); }

    /// -1 if there is none.
    int get() const noexcept { return fd_; }
    /// Gives it up.
    int release() noexcept { return std::exchange(fd_, -1); }
    void reset() noexcept {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

private:
    int fd_ = -1;
};

}  // namespace weir::detail
