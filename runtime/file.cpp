// SPDX-License-Identifier: MIT
#include <weir/runtime/file.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weir/runtime/descriptor.h>
#include <weir/runtime/offload.h>
#include <weir/runtime/operation.h>
#include <weir/runtime/reactor.h>
#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

namespace weir {
namespace detail {

class OpenFile {
public:
    OpenFile(OwnedDescriptor descriptor, std::string path) noexcept
        : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

    static Result<File> open(std::string path, int flags, unsigned permissions);

    int fd() const noexcept { return descriptor_.get(); }
    Error failure(int reason, const std::string& doing) const {
        return Error::from_errno(reason, doing + " " + path_);
    }
    Error failure_at(int reason, const char* doing, std::uint64_t offset) const {
        return failure(reason, doing + std::to_string(offset) + " of");
    }

private:
    OwnedDescriptor descriptor_;
    std::string path_;
};

namespace {

constexpr std::size_t kFirstPiece = 64 * 1024;
// Larger ones are negative to the kernel, and one of them means something else to io_uring.
constexpr std::uint64_t kOffsetMax = std::numeric_limits<std::int64_t>::max();

/// The call's result, or a negated errno value; again where a signal has interrupted it.
template <typename Call>
long call_again(Call call) {
    for (;;) {
        const auto result = call();
        if (result >= 0) return static_cast<long>(result);
        if (errno != EINTR) return -errno;
    }
}

bool kernel_does_files() noexcept {
    return Reactor::current().backend_kind() == BackendKind::uring;
}

class FileAwaiter {
public:
    FileAwaiter(OperationKind kind, int fd, std::uint64_t offset) noexcept : operation_(kind) {
        operation_.fd = fd;
        operation_.offset = offset;
    }
    FileAwaiter(OperationKind kind, int fd, std::uint64_t offset, Bytes from,
                MutableBytes into) noexcept
        : FileAwaiter(kind, fd, offset) {
        operation_.data = from;
        operation_.into = into.data();
        operation_.size = into.size();
    }
    FileAwaiter(const FileAwaiter&) = delete;
    FileAwaiter& operator=(const FileAwaiter&) = delete;
    ~FileAwaiter() { WEIR_CHECK(!operation_.in_flight()); }

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) {
        if (!begin_wait(waiting, static_cast<Operation*>(&operation_), LeafKind::operation)) return;
        operation_.waiter = to_handle(waiting);
        Reactor::current().submit(operation_);
    }

    long await_resume() noexcept { return operation_.result; }

private:
    FileOperation operation_;
};

/// One call of the kernel's: gives its result, or a negated errno value.
class [[nodiscard]] FileRequest {
public:
    using weir_request = void;
    FileRequest(OperationKind kind, int fd, std::uint64_t offset, Bytes from,
                MutableBytes into) noexcept
        : kind_(kind), fd_(fd), offset_(offset), from_(from), into_(into) {}
    FileAwaiter start() const noexcept { return FileAwaiter(kind_, fd_, offset_, from_, into_); }

private:
    OperationKind kind_;
    int fd_;
    std::uint64_t offset_;
    Bytes from_;
    MutableBytes into_;
};

using Shared = std::shared_ptr<const OpenFile>;

Task<Result<std::size_t>> read_from(Shared file, std::uint64_t offset, MutableBytes into) {
    if (offset > kOffsetMax) co_return file->failure_at(EINVAL, "reading at ", offset);
    std::size_t got = 0;
    while (got < into.size()) {
        const MutableBytes rest = into.subspan(got);
        const std::uint64_t at = offset + got;
        long count = 0;
        if (kernel_does_files()) {
            count = co_await FileRequest(OperationKind::read_at, file->fd(), at, Bytes(), rest);
        } else {
            const auto read = [fd = file->fd(), at, rest] {
                return call_again(
                    [&] { return ::pread(fd, rest.data(), rest.size(), static_cast<off_t>(at)); });
            };
            count = co_await offload(read);
        }
        if (count < 0) co_return file->failure_at(static_cast<int>(-count), "reading at ", at);
        if (count == 0) break;
        got += static_cast<std::size_t>(count);
    }
    co_return got;
}

Task<Result<void>> write_to(Shared file, std::uint64_t offset, Bytes bytes) {
    if (offset > kOffsetMax) co_return file->failure_at(EINVAL, "writing at ", offset);
    std::uint64_t at = offset;
    while (!bytes.empty()) {
        long count = 0;
        if (kernel_does_files()) {
            count = co_await FileRequest(OperationKind::write_at, file->fd(), at, bytes,
                                         MutableBytes());
        } else {
            const auto write = [fd = file->fd(), at, bytes] {
                return call_again([&] {
                    return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
                });
            };
            count = co_await offload(write);
        }
        if (count < 0) co_return file->failure_at(static_cast<int>(-count), "writing at ", at);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        at += static_cast<std::uint64_t>(count);
    }
    co_return Result<void>();
}

Task<Result<void>> sync_all(Shared file) {
    long status = 0;
    if (kernel_does_files()) {
        status = co_await FileRequest(OperationKind::sync, file->fd(), 0, Bytes(), MutableBytes());
    } else {
        const auto sync = [fd = file->fd()] {
            return call_again([&] { return ::fsync(fd); });
        };
        status = co_await offload(sync);
    }
    if (status < 0) co_return file->failure(static_cast<int>(-status), "syncing");
    co_return Result<void>();
}

// A file on another machine may let fstat() wait for the network: off the loop's thread, too.
Task<Result<std::uint64_t>> size_of(Shared file) {
    const auto ask = [fd = file->fd()]() -> std::int64_t {
        struct stat status{};
        return ::fstat(fd, &status) == 0 ? status.st_size : -std::int64_t{errno};
    };
    const std::int64_t size = co_await offload(ask);
    if (size < 0) co_return file->failure(static_cast<int>(-size), "asking for the size of");
    co_return static_cast<std::uint64_t>(size);
}

// The size is a hint only: files of /proc say 0, and a file may grow meanwhile.
Task<Result<std::string>> read_whole(Shared file, std::size_t bytes_max) {
    const Result<std::uint64_t> size = co_await size_of(file);
    if (!size) co_return size.error();
    const std::size_t hint = static_cast<std::size_t>(std::min<std::uint64_t>(*size, bytes_max));
    std::string text;
    std::size_t got = 0;
    std::size_t piece = hint == 0 ? kFirstPiece : hint + 1;  // one more shows the end
    for (;;) {
        text.resize(got + piece);
        const MutableBytes into(reinterpret_cast<std::byte*>(text.data()) + got, piece);
        const Result<std::size_t> count = co_await read_from(file, got, into);
        if (!count) co_return count.error();
        got += *count;
        if (got > bytes_max) {
            co_return Error(Errc::limit_reached,
                            file->failure(EFBIG, "reading").message() + ": it has more than the " +
                                std::to_string(bytes_max) + " bytes allowed; raise the limit");
        }
        if (*count < piece) break;
        piece = std::max(got, kFirstPiece);
    }
    text.resize(got);
    co_return std::move(text);
}

Task<Result<File>> open_file(std::string path, int flags, unsigned permissions) {
    const auto open = [&path, flags, permissions] {
        return OpenFile::open(std::move(path), flags, permissions);
    };
    // A task cancelled meanwhile drops the value, and that closes the file.
    co_return co_await offload(open);
}

}  // namespace

Result<File> OpenFile::open(std::string path, int flags, unsigned permissions) {
    if (path.find('\0') != std::string::npos) {
        return Error(Errc::bad_argument, "opening a file: its path has a zero byte inside");
    }
    // Not to wait for the other end of a pipe, which might never come.
    const long fd = call_again(
        [&] { return ::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, permissions); });
    if (fd < 0) return Error::from_errno(static_cast<int>(-fd), "opening " + path);
    OwnedDescriptor descriptor(static_cast<int>(fd));
    struct stat status{};
    if (::fstat(descriptor.get(), &status) != 0) return Error::from_errno(errno, "opening " + path);
    if (!S_ISREG(status.st_mode)) {
        return Error(Errc::bad_argument, "opening " + path +
                                             ": it is no regular file; for pipes, terminals and "
                                             "the like open it yourself and use wait_readable()");
    }
    // io_uring would give EAGAIN instead of waiting.
    ::fcntl(descriptor.get(), F_SETFL, flags & ~O_NONBLOCK);
    return File(std::make_shared<const OpenFile>(std::move(descriptor), std::move(path)));
}

}  // namespace detail

const std::shared_ptr<const detail::OpenFile>& File::file() const noexcept {
    WEIR_CHECK_HINT(file_ != nullptr, "this file was moved from or closed");
    return file_;
}

Task<Result<File>> File::open(std::string path, FileMode mode) {
    int flags = O_RDONLY;
    if (mode == FileMode::write) flags = O_WRONLY;
    if (mode == FileMode::read_write) flags = O_RDWR;
    return detail::open_file(std::move(path), flags, 0);
}

Task<Result<File>> File::create(std::string path, unsigned permissions) {
    return detail::open_file(std::move(path), O_RDWR | O_CREAT | O_TRUNC, permissions);
}

Task<Result<File>> File::create_new(std::string path, unsigned permissions) {
    return detail::open_file(std::move(path), O_RDWR | O_CREAT | O_EXCL, permissions);
}

Task<Result<std::size_t>> File::read_at(std::uint64_t offset, MutableBytes into) const {
    return detail::read_from(file(), offset, into);
}

Task<Result<void>> File::write_at(std::uint64_t offset, Bytes bytes) const {
    return detail::write_to(file(), offset, bytes);
}

Task<Result<std::string>> File::read_all(std::size_t bytes_max) const {
    return detail::read_whole(file(), bytes_max);
}

Task<Result<void>> File::sync() const {
    return detail::sync_all(file());
}

Task<Result<std::uint64_t>> File::size() const {
    return detail::size_of(file());
}

Task<Result<std::string>> read_file(std::string path, std::size_t bytes_max) {
    const Result<File> file = co_await File::open(std::move(path));
    if (!file) co_return file.error();
    co_return co_await file->read_all(bytes_max);
}

Task<Result<void>> write_file(std::string path, Bytes bytes) {
    const Result<File> file = co_await File::create(std::move(path));
    if (!file) co_return file.error();
    co_return co_await file->write_at(0, bytes);
}

}  // namespace weir
