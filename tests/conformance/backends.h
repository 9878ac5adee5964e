// SPDX-License-Identifier: MIT
//
// The fixture of the conformance suite: each test runs on io_uring, on epoll and in the simulator,
// and must leave no frame, no timer, no slot, no lease and no descriptor. A backend that this
// machine refuses is skipped, with the reason.
#pragma once

#include <gtest/gtest.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task.h>
#include <weir/runtime/tcp.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <utility>

#include "tests/support/unit.h"

namespace weir::test {

class Conformance : public testing::TestWithParam<BackendKind> {
protected:
    void SetUp() override {
        const auto reactor = Reactor::make(options());
        if (!reactor) GTEST_SKIP() << reactor.error().message();
    }

    /// The environment may ask for rings and buffers so few that they run out: WEIR_TEST_RING and
    /// WEIR_TEST_BUFFERS. tests/CMakeLists.txt runs the suite so.
    static ReactorOptions options() {
        ReactorOptions options;
        if (const unsigned entries = number_from("WEIR_TEST_RING")) options.ring_entries(entries);
        if (const unsigned count = number_from("WEIR_TEST_BUFFERS")) {
            options.receive_buffers(static_cast<std::uint16_t>(count), 4096);
        }
        return options.backend(GetParam());
    }
    static unsigned number_from(const char* variable) {
        const char* text = std::getenv(variable);
        return text == nullptr ? 0 : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
    }
    static bool is_simulated() { return GetParam() == BackendKind::simulated; }

    static std::size_t open_descriptors() {
        const std::filesystem::directory_iterator all("/proc/self/fd");
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }

    template <typename Body>
    void run_here(Body body, const ReactorOptions& how = options()) {
        const std::size_t before = open_descriptors();
        run_clean(std::move(body), how);
        EXPECT_EQ(open_descriptors(), before) << "a descriptor was left open";
    }
};

inline std::string backend_name(const testing::TestParamInfo<BackendKind>& info) {
    return std::string(to_string(info.param));
}

inline auto all_backends() {
    return testing::Values(BackendKind::uring, BackendKind::epoll, BackendKind::simulated);
}

inline TcpListener listen_here() {
    return TcpListener::bind(Endpoint::loopback(0)).value();
}

/// Two connected streams.
class Connected {
public:
    Connected(TcpStream first, TcpStream second)
        : client(std::move(first)), server(std::move(second)) {}

    TcpStream client;
    TcpStream server;
};

inline Task<Connected> connected_to(TcpListener& listener) {
    // The kernel, and the simulator, complete a connection before it is accepted.
    Result<TcpStream> client = co_await TcpStream::connect(listener.local_endpoint());
    Result<TcpStream> server = co_await listener.accept();
    co_return Connected(std::move(client).value(), std::move(server).value());
}

inline Task<Connected> connected() {
    TcpListener listener = listen_here();
    co_return co_await connected_to(listener);
}

inline Task<void> write(TcpStream& stream, std::string text) {
    const Result<void> written = co_await stream.write_all(as_bytes(text));
    written.value();
}

/// The next bytes, as many as come at once; empty at the end.
inline Task<std::string> read_some(TcpStream& stream) {
    const Result<Lease> lease = co_await stream.read();
    co_return std::string(as_text(lease.value().bytes()));
}

inline Task<std::string> read_exactly(TcpStream& stream, std::size_t size) {
    std::string text;
    while (text.size() < size) {
        const std::string more = co_await read_some(stream);
        if (more.empty()) break;
        text += more;
    }
    co_return std::move(text);
}

inline Task<std::string> read_to_end(TcpStream& stream) {
    std::string text;
    for (;;) {
        const std::string more = co_await read_some(stream);
        if (more.empty()) co_return std::move(text);
        text += more;
    }
}

/// Text that differs at every place, so that lost and doubled bytes show.
inline std::string pattern(std::size_t size) {
    std::string text;
    text.reserve(size + 8);
    for (std::uint32_t number = 0; text.size() < size; ++number) {
        text += std::to_string(number);
        text += ' ';
    }
    text.resize(size);
    return text;
}

/// A stream that nobody reads is quiet, until its peer sends, and then until its peer closes.
inline Task<void> expect_quiet_until_noise(Connected& pair) {
    const auto until_noisy = [](TcpStream& stream) -> Task<void> {
        for (int i = 0; i < 1000 && stream.is_quiet(); ++i)
            co_await sleep_for(std::chrono::milliseconds(1));
        EXPECT_FALSE(stream.is_quiet());
    };
    EXPECT_TRUE(pair.client.is_quiet());
    co_await write(pair.server, "unasked");
    co_await until_noisy(pair.client);
    EXPECT_EQ(co_await read_some(pair.client), "unasked");
    EXPECT_TRUE(pair.client.is_quiet());
    pair.server.close();
    co_await until_noisy(pair.client);
}

/// Waits until only `count` slots are open: those that were orphaned end in later turns.
inline Task<void> until_slots(std::size_t count) {
    for (int i = 0; i < 1000 && Reactor::current().slots_open() != count; ++i) {
        co_await sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(Reactor::current().slots_open(), count);
}

}  // namespace weir::test
