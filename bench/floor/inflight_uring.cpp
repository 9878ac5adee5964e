// SPDX-License-Identifier: MIT
//
// The least that many HTTP calls at once can cost over io_uring: connect, send and receive as one
// linked chain of which only the end is reported, into buffers that all calls share.
#include <arpa/inet.h>
#include <liburing.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "bench/floor/http_bytes.h"
#include "bench/groups.h"

namespace weir::bench::floor {
namespace {

constexpr unsigned kSubmissions = 1024;
constexpr unsigned kCompletions = 8192;
constexpr unsigned kBuffers = 1024;
constexpr unsigned kBufferBytes = 1024;
constexpr int kBufferGroup = 0;
constexpr std::size_t kCallsPerSubmit = 64;

class Client {
public:
    Client(std::size_t calls, std::uint16_t port)
        : calls_(calls), left_(calls), request_(request_bytes(port)) {
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        address_.sin_port = ::htons(port);
    }

    Result<Sample> run() {
        if (auto made = set_up(); !made) return made.error();
        for (std::size_t i = 0; i < calls_; ++i) {
            if (auto begun = begin(); !begun) return begun.error();
            if (i % kCallsPerSubmit != 0) continue;
            if (auto done = turn(0); !done) return done.error();
        }
        while (left_ > 0) {
            if (auto done = turn(1); !done) return done.error();
        }
        ::io_uring_queue_exit(&ring_);
        return Sample();
    }

private:
    Result<void> set_up() {
        io_uring_params params{};
        params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                       IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
        params.cq_entries = kCompletions;
        const int failed = ::io_uring_queue_init_params(kSubmissions, &ring_, &params);
        if (failed < 0) return Error::from_errno(-failed, "setting up an io_uring");
        ::io_uring_register_ring_fd(&ring_);

        void* entries = ::mmap(nullptr, kBuffers * sizeof(io_uring_buf), PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (entries == MAP_FAILED) return Error::from_errno(errno, "mapping the buffer ring");
        io_uring_buf_reg registration{};
        registration.ring_addr = reinterpret_cast<std::uintptr_t>(entries);
        registration.ring_entries = kBuffers;
        registration.bgid = kBufferGroup;
        const int refused = ::io_uring_register_buf_ring(&ring_, &registration, 0);
        if (refused < 0) return Error::from_errno(-refused, "registering receive buffers");
        buffer_ring_ = static_cast<io_uring_buf_ring*>(entries);
        ::io_uring_buf_ring_init(buffer_ring_);
        for (unsigned i = 0; i < kBuffers; ++i)
            give_back(i);
        return {};
    }

    char* buffer(unsigned number) { return buffers_.data() + std::size_t{number} * kBufferBytes; }

    void give_back(unsigned number) {
        ::io_uring_buf_ring_add(buffer_ring_, buffer(number), kBufferBytes,
                                static_cast<unsigned short>(number),
                                ::io_uring_buf_ring_mask(kBuffers), 0);
        ::io_uring_buf_ring_advance(buffer_ring_, 1);
    }

    io_uring_sqe* next_entry() {
        io_uring_sqe* entry = ::io_uring_get_sqe(&ring_);
        WEIR_CHECK_HINT(entry != nullptr, "entries are submitted before the queue can be full");
        return entry;
    }

    Result<void> begin() {
        const Result<int> made = make_socket(0);
        if (!made) return made.error();
        const auto index = static_cast<std::size_t>(*made);
        if (index >= by_descriptor_.size()) by_descriptor_.resize(index + calls_);
        by_descriptor_[index] = ResponseCounter();

        constexpr unsigned kLinked = IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
        io_uring_sqe* entry = next_entry();
        ::io_uring_prep_connect(entry, *made, reinterpret_cast<sockaddr*>(&address_),
                                sizeof(address_));
        ::io_uring_sqe_set_flags(entry, kLinked);
        ::io_uring_sqe_set_data64(entry, index);
        entry = next_entry();
        ::io_uring_prep_send(entry, *made, request_.data(), request_.size(),
                             MSG_NOSIGNAL | MSG_WAITALL);
        ::io_uring_sqe_set_flags(entry, kLinked);
        ::io_uring_sqe_set_data64(entry, index);
        receive(*made);
        return {};
    }

    void receive(int fd) {
        io_uring_sqe* entry = next_entry();
        ::io_uring_prep_recv(entry, fd, nullptr, kBufferBytes, 0);
        ::io_uring_sqe_set_flags(entry, IOSQE_BUFFER_SELECT);
        entry->buf_group = kBufferGroup;
        ::io_uring_sqe_set_data64(entry, static_cast<std::uint64_t>(fd));
    }

    // Submits, waits for `wait_for` completions and handles what is there.
    Result<void> turn(unsigned wait_for) {
        const int submitted = ::io_uring_submit_and_wait(&ring_, wait_for);
        if (submitted < 0 && submitted != -EINTR) {
            return Error::from_errno(-submitted, "io_uring_enter");
        }
        std::array<io_uring_cqe*, 128> completions;
        const unsigned count = ::io_uring_peek_batch_cqe(&ring_, completions.data(),
                                                         static_cast<unsigned>(completions.size()));
        for (unsigned i = 0; i < count; ++i) {
            if (auto handled = handle(*completions[i]); !handled) return handled;
        }
        ::io_uring_cq_advance(&ring_, count);
        return {};
    }

    Result<void> handle(const io_uring_cqe& completion) {
        const auto fd = static_cast<int>(::io_uring_cqe_get_data64(&completion));
        if (completion.res == -ENOBUFS) {  // all are in completions not handled yet
            receive(fd);
            return {};
        }
        if (completion.res < 0) return Error::from_errno(-completion.res, "calling the server");
        if ((completion.flags & IORING_CQE_F_BUFFER) == 0) {
            return Error(Errc::stream_ended, "the server closed before its answer");
        }
        const unsigned number = completion.flags >> IORING_CQE_BUFFER_SHIFT;
        const std::string_view bytes(buffer(number), static_cast<std::size_t>(completion.res));
        const auto state = by_descriptor_[static_cast<std::size_t>(fd)].take(bytes);
        give_back(number);
        if (state == ResponseCounter::State::broken) {
            return Error(Errc::bad_argument, "the server's answer is not what it should be");
        }
        if (state == ResponseCounter::State::partial) {
            receive(fd);
        } else {
            ::close(fd);
            --left_;
        }
        return {};
    }

    std::size_t calls_;
    std::size_t left_;
    std::string request_;
    sockaddr_in address_{};
    io_uring ring_{};
    io_uring_buf_ring* buffer_ring_ = nullptr;
    std::vector<char> buffers_ = std::vector<char>(std::size_t{kBuffers} * kBufferBytes);
    std::vector<ResponseCounter> by_descriptor_;
};

}  // namespace

// Arguments: how many calls, and the server's port.
Result<Sample> inflight_uring(const Arguments& arguments) {
    raise_descriptor_limit();
    Client client(arguments.number(0), static_cast<std::uint16_t>(arguments.number(1)));
    return client.run();
}

}  // namespace weir::bench::floor
