// SPDX-License-Identifier: MIT
//
// The least that small messages there and back can cost: by blocking calls with one connection; by
// an epoll loop that reads and answers; by an io_uring loop with multishot receives into a buffer
// ring and sends that report only failure. No message is put together from parts: each comes whole.
#include "bench/floor/pingpong.h"

#include <arpa/inet.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "bench/groups.h"

namespace weir::bench::floor {
namespace {

using Message = std::array<char, kMessageBytes>;

void switch_off_delay(int fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Error failed(const char* doing) {
    return Error::from_errno(errno, doing);
}

bool send_message(int fd, const Message& message) {
    return ::send(fd, message.data(), message.size(), MSG_NOSIGNAL) == kMessageBytes;
}
bool receive_message(int fd, Message& message) {
    return ::recv(fd, message.data(), message.size(), 0) == kMessageBytes;
}

Sample sample_of(double cpu_before, std::size_t items) {
    Sample sample;
    sample.set("cpu_s", cpu_seconds() - cpu_before);
    sample.set("items", static_cast<double>(items));
    return sample;
}

bool play_blocking(SocketPair pair, std::size_t rounds) {
    Message message{};
    for (std::size_t i = 0; i < rounds; ++i) {
        const bool is_done =
            send_message(pair.client, message) && receive_message(pair.server, message) &&
            send_message(pair.server, message) && receive_message(pair.client, message);
        if (!is_done) return false;
    }
    return true;
}

/// Which end of which pair a descriptor is, and how many messages it still has to get.
struct End {
    int fd;
    bool is_client;
    std::size_t left;
};

std::vector<End> ends_of(const std::vector<SocketPair>& pairs) {
    std::vector<End> ends;
    for (const SocketPair& pair : pairs) {
        ends.push_back(End{pair.client, true, 0});
        ends.push_back(End{pair.server, false, 0});
    }
    return ends;
}

bool play_epoll(int epoll, std::vector<End>& ends, std::size_t rounds) {
    Message message{};
    std::size_t open = 0;
    for (End& end : ends) {
        end.left = rounds;
        if (!end.is_client) continue;
        ++open;
        if (!send_message(end.fd, message)) return false;
    }
    std::array<epoll_event, 256> events{};
    while (open > 0) {
        const int count = ::epoll_wait(epoll, events.data(), events.size(), -1);
        for (int i = 0; i < count; ++i) {
            End& end = *static_cast<End*>(events[static_cast<std::size_t>(i)].data.ptr);
            if (!receive_message(end.fd, message)) return false;
            --end.left;
            if (end.is_client && end.left == 0) {
                --open;
            } else if (!send_message(end.fd, message)) {
                return false;
            }
        }
    }
    return true;
}

class Ring {
public:
    ~Ring() {
        if (is_open_) ::io_uring_queue_exit(&ring_);
    }

    Result<void> open(std::vector<End>& ends) {
        io_uring_params params{};
        params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
        if (const int status = ::io_uring_queue_init_params(1024, &ring_, &params); status < 0) {
            return Error::from_errno(-status, "setting up an io_uring");
        }
        is_open_ = true;
        ::io_uring_register_ring_fd(&ring_);
        void* entries = ::mmap(nullptr, kBuffers * sizeof(io_uring_buf), PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (entries == MAP_FAILED) return failed("mapping the buffer ring");
        buffer_ring_ = static_cast<io_uring_buf_ring*>(entries);
        io_uring_buf_reg registration{};
        registration.ring_addr = reinterpret_cast<std::uintptr_t>(entries);
        registration.ring_entries = kBuffers;
        if (const int status = ::io_uring_register_buf_ring(&ring_, &registration, 0); status < 0) {
            return Error::from_errno(-status, "registering receive buffers");
        }
        ::io_uring_buf_ring_init(buffer_ring_);
        for (unsigned i = 0; i < kBuffers; ++i)
            give_back(i);
        for (End& end : ends)
            receive(end);
        return {};
    }

    bool play(std::vector<End>& ends, std::size_t rounds) {
        std::size_t open = 0;
        for (End& end : ends) {
            end.left = rounds;
            if (!end.is_client) continue;
            ++open;
            send(end);
        }
        while (open > 0) {
            if (::io_uring_submit_and_wait(&ring_, 1) < 0) return false;
            unsigned head = 0;
            unsigned count = 0;
            io_uring_cqe* entry = nullptr;
            io_uring_for_each_cqe(&ring_, head, entry) {
                ++count;
                if (entry->res != static_cast<int>(kMessageBytes)) return false;
                auto& end = *reinterpret_cast<End*>(::io_uring_cqe_get_data64(entry));
                give_back(entry->flags >> IORING_CQE_BUFFER_SHIFT);
                if ((entry->flags & IORING_CQE_F_MORE) == 0) receive(end);
                --end.left;
                if (end.is_client && end.left == 0) {
                    --open;
                } else {
                    send(end);
                }
            }
            ::io_uring_cq_advance(&ring_, count);
        }
        return true;
    }

private:
    static constexpr unsigned kBuffers = 1024;

    void give_back(unsigned number) {
        ::io_uring_buf_ring_add(buffer_ring_, buffers_[number].data(), kMessageBytes,
                                static_cast<unsigned short>(number),
                                ::io_uring_buf_ring_mask(kBuffers), 0);
        ::io_uring_buf_ring_advance(buffer_ring_, 1);
    }
    void receive(End& end) {
        io_uring_sqe* entry = next_entry();
        ::io_uring_prep_recv(entry, end.fd, nullptr, 0, 0);
        entry->ioprio |= IORING_RECV_MULTISHOT;
        entry->flags |= IOSQE_BUFFER_SELECT;
        ::io_uring_sqe_set_data(entry, &end);
    }
    void send(End& end) {
        io_uring_sqe* entry = next_entry();
        ::io_uring_prep_send(entry, end.fd, message_.data(), message_.size(), MSG_NOSIGNAL);
        entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
        ::io_uring_sqe_set_data(entry, &end);  // a failure has another result than a message
    }
    io_uring_sqe* next_entry() {
        io_uring_sqe* entry = ::io_uring_get_sqe(&ring_);
        if (entry != nullptr) return entry;
        ::io_uring_submit(&ring_);
        return ::io_uring_get_sqe(&ring_);
    }

    io_uring ring_{};
    bool is_open_ = false;
    io_uring_buf_ring* buffer_ring_ = nullptr;
    std::vector<Message> buffers_{kBuffers};
    Message message_{};
};

Error broken() {
    return Error(Errc::stream_ended, "a message did not come whole: this floor cannot be measured");
}

}  // namespace

Result<std::vector<SocketPair>> make_pairs(std::size_t count, int flags) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    if (listener < 0 || ::bind(listener, plain, size) != 0 || ::listen(listener, 128) != 0 ||
        ::getsockname(listener, plain, &size) != 0) {
        return failed("listening");
    }
    std::vector<SocketPair> pairs;
    for (std::size_t i = 0; i < count; ++i) {
        const int client = ::socket(AF_INET, SOCK_STREAM, 0);
        if (client < 0 || ::connect(client, plain, size) != 0) return failed("connecting");
        const int server = ::accept4(listener, nullptr, nullptr, flags);
        if (server < 0) return failed("accepting");
        switch_off_delay(client);
        switch_off_delay(server);
        pairs.push_back(SocketPair{client, server});
    }
    ::close(listener);
    return pairs;
}

// Arguments of all: how many connections, and how many round trips each makes.
Result<Sample> pingpong_blocking(const Arguments& arguments) {
    const std::size_t rounds = arguments.number(1);
    const auto pairs = make_pairs(1, 0);
    if (!pairs) return pairs.error();
    if (!play_blocking(pairs->front(), warm_up_rounds(rounds))) return broken();
    const double before = cpu_seconds();
    if (!play_blocking(pairs->front(), rounds)) return broken();
    return sample_of(before, rounds);
}

Result<Sample> pingpong_epoll(const Arguments& arguments) {
    const std::size_t rounds = arguments.number(1);
    const auto pairs = make_pairs(arguments.number(0), SOCK_NONBLOCK);
    if (!pairs) return pairs.error();
    const int epoll = ::epoll_create1(0);
    std::vector<End> ends = ends_of(*pairs);
    for (End& end : ends) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &end;
        if (::epoll_ctl(epoll, EPOLL_CTL_ADD, end.fd, &event) != 0) return failed("epoll_ctl");
    }
    if (!play_epoll(epoll, ends, warm_up_rounds(rounds))) return broken();
    const double before = cpu_seconds();
    if (!play_epoll(epoll, ends, rounds)) return broken();
    Sample sample = sample_of(before, pairs->size() * rounds);
    ::close(epoll);
    return sample;
}

Result<Sample> pingpong_uring(const Arguments& arguments) {
    const std::size_t rounds = arguments.number(1);
    const auto pairs = make_pairs(arguments.number(0), 0);
    if (!pairs) return pairs.error();
    std::vector<End> ends = ends_of(*pairs);
    Ring ring;
    if (auto opened = ring.open(ends); !opened) return opened.error();
    if (!ring.play(ends, warm_up_rounds(rounds))) return broken();
    const double before = cpu_seconds();
    if (!ring.play(ends, rounds)) return broken();
    return sample_of(before, pairs->size() * rounds);
}

}  // namespace weir::bench::floor
