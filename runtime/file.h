// SPDX-License-Identifier: MIT
//
// Regular files, without blocking the loop: io_uring reads and writes them itself, and where the
// backend is another the calls are made on the pool of threads (offload.h). In a simulated world
// they are made at once, on real files. Every call says where it reads or writes: there is no
// position, so that any number of tasks may use one file at a time.
#pragma once

#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/task.h>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace weir {

namespace detail {
class OpenFile;
}

/// What a file is opened for.
enum class FileMode : std::uint8_t {
    read,
    write,
    read_write,
};

/// An open file. Movable; it may be closed or destroyed while tasks read or write: the descriptor
/// closes when the last of them has ended. All errors name the path. It must not leave its
/// reactor's thread.
///
/// A task that is cancelled while it reads or writes goes on to wait until kernel or thread have
/// let go of the memory, and is destroyed only then; so a buffer in the task's own frame is safe.
class File {
public:
    /// Opens a file that exists. Regular files only: Errc::bad_argument for pipes, terminals and
    /// other things that may wait for ever.
    static Task<Result<File>> open(std::string path, FileMode mode = FileMode::read);
    /// Opens for reading and writing; makes the file where there is none and empties it where
    /// there is one. `permissions` are those of a new file, before the umask.
    static Task<Result<File>> create(std::string path, unsigned permissions = 0666);
    /// The same, but EEXIST where there is one.
    static Task<Result<File>> create_new(std::string path, unsigned permissions = 0666);

    /// Reads from `offset` until `into` is full or the file ends: how many bytes. `into` must stay
    /// put.
    Task<Result<std::size_t>> read_at(std::uint64_t offset, MutableBytes into) const;
    /// Writes all of `bytes`, which must stay put, from `offset` on. Cancelled or failed, any part
    /// of them may have been written.
    Task<Result<void>> write_at(std::uint64_t offset, Bytes bytes) const;
    /// The whole file, from its first byte. Errc::limit_reached where it has more than `bytes_max`.
    Task<Result<std::string>> read_all(std::size_t bytes_max) const;
    /// Waits until what was written is on the disk.
    Task<Result<void>> sync() const;
    /// In bytes.
    Task<Result<std::uint64_t>> size() const;

    bool is_open() const noexcept { return file_ != nullptr; }
    /// Closes now instead of at destruction. Whether the disk has taken what was written only
    /// sync() tells.
    void close() noexcept { file_.reset(); }

private:
    friend class detail::OpenFile;
    explicit File(std::shared_ptr<const detail::OpenFile> file) noexcept : file_(std::move(file)) {}
    const std::shared_ptr<const detail::OpenFile>& file() const noexcept;

    // Shared with the tasks that read and write, so that no number of a closed descriptor is used.
    std::shared_ptr<const detail::OpenFile> file_;
};

/// All of a file: open, read_all, close.
Task<Result<std::string>> read_file(std::string path, std::size_t bytes_max);
/// Makes or replaces a file whose content is `bytes`, which must stay put. Not atomic, no sync.
Task<Result<void>> write_file(std::string path, Bytes bytes);

}  // namespace weir
