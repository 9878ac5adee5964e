// SPDX-License-Identifier: MIT
//
// Memory that runs out in the middle of I/O, on the real backends: the simulated network keeps what
// is under way in memory of its own, which nobody else would have to give.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weir/runtime/file.h>
#include <weir/runtime/offload.h>
#include <weir/runtime/process.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/event.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>
#include <weir/runtime/timeout.h>
#include <weir/runtime/udp.h>
#include <weir/runtime/unix_socket.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>

#include "tests/conformance/backends.h"
#include "tests/support/deaf_port.h"
#include "tests/support/memory_sweep.h"
#include "tests/support/replaced_new.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

Task<void> serve_one(TcpListener& listener) {
    Result<TcpStream> accepted = co_await listener.accept();
    TcpStream& stream = accepted.value();
    for (;;) {
        const Result<Lease> lease = co_await stream.read();
        if (lease.value().empty()) break;
        const Result<void> written = co_await stream.write_all(lease->bytes());
        written.value();
    }
    stream.shut_down_output().value();
}

Task<void> call_one(Endpoint server) {
    Result<TcpStream> connected = co_await TcpStream::connect(server);
    TcpStream& stream = connected.value();
    const std::string text(3000, 'x');
    const Result<void> written = co_await stream.write_all(as_bytes(text));
    written.value();
    stream.shut_down_output().value();
    std::size_t got = 0;
    for (;;) {
        const Result<Lease> lease = co_await stream.read();
        if (lease.value().empty()) break;
        got += lease->size();
    }
    if (got != text.size()) throw std::logic_error("bytes were lost");
}

Task<void> tcp() {
    TcpListener listener = listen_here();
    const auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(serve_one(listener));
        group.spawn(call_one(listener.local_endpoint()));
        co_return;
    };
    co_await with_group(body);
}

// Reads, writes and accepts that are cancelled while they wait.
Task<void> tcp_cancelled() {
    TcpListener listener = listen_here();
    Connected pair = co_await connected_to(listener);
    const std::string large(8 << 20, 'x');
    const auto body = [&](TaskGroup& group) -> Task<void> {
        const auto read = [&]() -> Task<void> {
            static_cast<void>(co_await pair.client.read());
        };
        const auto write = [&]() -> Task<void> {
            static_cast<void>(co_await pair.client.write_all(as_bytes(large)));
        };
        const auto accept = [&]() -> Task<void> {
            static_cast<void>(co_await listener.accept());
        };
        group.spawn(read());
        group.spawn(write());
        group.spawn(accept());
        co_await sleep_for(2ms);
        group.cancel();
        co_await yield();
    };
    co_await with_group(body);
}

Task<void> refused() {
    const DeafPort port;
    const Endpoint nobody = Endpoint::loopback(port.number());
    const Result<TcpStream> connected = co_await TcpStream::connect(nobody);
    if (connected) throw std::logic_error("a connection to nobody");
    if (!(connected.error() == std::errc::connection_refused)) connected.value();
}

Task<void> udp() {
    UdpSocket here = UdpSocket::bind(Endpoint::loopback(0)).value();
    UdpSocket there = UdpSocket::bind(Endpoint::loopback(0)).value();
    const std::string text(100, 'x');
    const auto body = [&](TaskGroup& group) -> Task<void> {
        const auto receive = [&]() -> Task<void> {
            const Result<Datagram> datagram = co_await there.receive_from();
            if (datagram.value().bytes().size() != 100) throw std::logic_error("bytes were lost");
        };
        group.spawn(receive());
        const Result<void> sent = co_await here.send_to(as_bytes(text), there.local_endpoint());
        sent.value();
    };
    co_await with_group(body);
}

Task<void> file() {
    const std::string path = "/tmp/weir-memory-" + std::to_string(::getpid());
    const std::string text(100'000, 'x');
    const Result<void> written = co_await write_file(path, as_bytes(text));
    written.value();
    const Result<std::string> read = co_await read_file(path, 1 << 20);
    ::unlink(path.c_str());
    if (read.value() != text) throw std::logic_error("bytes were lost");
}

Task<void> serve_at(UnixListener& listener) {
    Result<UnixStream> accepted = co_await listener.accept();
    const Result<Lease> lease = co_await accepted.value().read();
    const Result<void> written = co_await accepted->write_all(lease.value().bytes());
    written.value();
}

Task<void> unix_sockets() {
    const std::string path = "/tmp/weir-memory-socket-" + std::to_string(::getpid());
    const UnixAddress address = UnixAddress::path(path).value();
    {
        UnixListener listener = UnixListener::bind(address).value();
        const auto body = [&](TaskGroup& group) -> Task<void> {
            group.spawn(serve_at(listener));
            Result<UnixStream> stream = co_await UnixStream::connect(address);
            const Result<void> written = co_await stream.value().write_all(as_bytes("text"));
            written.value();
            const Result<Lease> lease = co_await stream->read();
            if (lease.value().size() != 4) throw std::logic_error("bytes were lost");
        };
        co_await with_group(body);
    }
    if (::access(path.c_str(), F_OK) == 0) throw std::logic_error("the socket's file is left");
}

// Every run that fails must have ended its process and taken its status: ECHILD says that all are.
Task<void> processes() {
    ProcessOptions options("cat");
    const Result<ProcessOutput> ended = co_await run_process(std::move(options), "text");
    if (ended.value().output != "text") throw std::logic_error("bytes were lost");
    if (::waitpid(-1, nullptr, WNOHANG) >= 0) throw std::logic_error("a process is left");
}

Task<void> offloads() {
    const auto work = [] {
        return std::string(100, 'x');
    };
    const std::string text = co_await offload(work);
    const std::string same = co_await offload_abandonable(work);
    if (text != same) throw std::logic_error("offload() gave something else");
}

// Joined where it dies, whatever happens.
class Joined {
public:
    template <typename F>
    explicit Joined(F work) : thread_(std::move(work)) {}
    Joined(const Joined&) = delete;
    Joined& operator=(const Joined&) = delete;
    ~Joined() { thread_.join(); }

private:
    std::thread thread_;
};

Task<void> posts_from_a_thread() {
    Event here;
    const Remote remote = Reactor::current().remote();
    const auto post = [&here, remote] {
        remote.post([&here] { here.set(); });
    };
    Joined other(post);
    co_await here.wait();
}

using Parameter = std::tuple<BackendKind, Scenario>;

class MemoryConformance : public testing::TestWithParam<Parameter> {
protected:
    static ReactorOptions options() { return ReactorOptions().backend(std::get<0>(GetParam())); }
    void SetUp() override {
        const auto reactor = Reactor::make(options());
        if (!reactor) GTEST_SKIP() << reactor.error().message();
    }
};

TEST_P(MemoryConformance, AnyOneFailureIsReportedAndLeavesNothing) {
    sweep_memory(std::get<1>(GetParam()), Lack::once, options(), false);
}

TEST_P(MemoryConformance, LastingLackIsReportedAndLeavesNothing) {
    sweep_memory(std::get<1>(GetParam()), Lack::lasting, options(), false);
}

TEST_P(MemoryConformance, LackOfFramesIsReportedAndLeavesNothing) {
#ifdef WEIR_FRAMES_FROM_MALLOC
    GTEST_SKIP() << "frames come from the heap here, as the other two show";
#else
    if (std::get<1>(GetParam()).program == processes) {
        GTEST_SKIP() << "to start a process takes address space, which is what is lacking here";
    }
    sweep_frames(std::get<1>(GetParam()), options());
#endif
}

std::string parameter_name(const testing::TestParamInfo<Parameter>& info) {
    return std::get<1>(info.param).name + std::string("_") +
           std::string(to_string(std::get<0>(info.param)));
}

// A thread that cannot be had is made up for: the work is done on this one.
INSTANTIATE_TEST_SUITE_P(
    , MemoryConformance,
    testing::Combine(testing::Values(BackendKind::uring, BackendKind::epoll),
                     testing::Values(Scenario("Tcp", tcp), Scenario("TcpCancelled", tcp_cancelled),
                                     Scenario("Refused", refused), Scenario("Udp", udp),
                                     Scenario("File", file).recovers(),
                                     Scenario("Unix", unix_sockets), Scenario("Process", processes),
                                     Scenario("Offload", offloads).recovers(),
                                     Scenario("Post", posts_from_a_thread))),
    parameter_name);

}  // namespace
