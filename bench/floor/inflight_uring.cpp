// SPDX-License-Identifier: MIT
//
// The least that many HTTP calls at once can cost over io_uring: connect, send and receive as one
// linked chain of which only the end is reported, into buffers that all calls share.
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "bench/floor/http_bytes.h"
#include "bench/floor/loopback.h"
#include "bench/floor/ring.h"
#include "bench/groups.h"

namespace weir::bench::floor {
namespace {

constexpr unsigned kBufferBytes = 1024;
constexpr std::size_t kCallsPerSubmit = 64;

class Client {
public:
    Client(std::size_t calls, std::uint16_t port)
        : calls_(calls), left_(calls), address_(port), request_(request_bytes(port)) {}

    Result<Sample> run() {
        if (auto opened = ring_.open(); !opened) return opened.error();
        for (std::size_t i = 0; i < calls_; ++i) {
            if (auto begun = begin(); !begun) return begun.error();
            if (i % kCallsPerSubmit != 0) continue;
            if (auto done = turn(0); !done) return done.error();
        }
        while (left_ > 0) {
            if (auto done = turn(1); !done) return done.error();
        }
        return Sample();
    }

private:
    Result<void> begin() {
        const Result<int> made = make_socket(0);
        if (!made) return made.error();
        const auto index = static_cast<std::size_t>(*made);
        if (index >= by_descriptor_.size()) by_descriptor_.resize(index + calls_);
        by_descriptor_[index] = ResponseCounter();

        constexpr unsigned kLinked = IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
        io_uring_sqe* entry = ring_.next_entry();
        ::io_uring_prep_connect(entry, *made, address_.get(), address_.size());
        ::io_uring_sqe_set_flags(entry, kLinked);
        ::io_uring_sqe_set_data64(entry, index);
        entry = ring_.next_entry();
        ::io_uring_prep_send(entry, *made, request_.data(), request_.size(),
                             MSG_NOSIGNAL | MSG_WAITALL);
        ::io_uring_sqe_set_flags(entry, kLinked);
        ::io_uring_sqe_set_data64(entry, index);
        ring_.receive(*made, index);
        return {};
    }

    Result<void> turn(unsigned wait_for) {
        return ring_.turn(wait_for, [this](const io_uring_cqe& entry) { return handle(entry); });
    }

    Result<void> handle(const io_uring_cqe& completion) {
        const std::uint64_t index = ::io_uring_cqe_get_data64(&completion);
        const auto fd = static_cast<int>(index);
        if (completion.res == -ENOBUFS) {  // all are in completions not handled yet
            ring_.receive(fd, index);
            return {};
        }
        if (completion.res < 0) return Error::from_errno(-completion.res, "calling the server");
        if ((completion.flags & IORING_CQE_F_BUFFER) == 0) {
            return Error(Errc::stream_ended, "the server closed before its answer");
        }
        const auto state = by_descriptor_[index].take(ring_.received(completion));
        ring_.give_back(completion);
        switch (state) {
            case ResponseCounter::State::broken:
                return strange_answer();
            case ResponseCounter::State::partial:
                ring_.receive(fd, index);
                return {};
            case ResponseCounter::State::complete:
                ::close(fd);
                --left_;
                return {};
        }
        return {};
    }

    std::size_t calls_;
    std::size_t left_;
    LoopbackAddress address_;
    std::string request_;
    Ring ring_{kBufferBytes};
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
