// SPDX-License-Identifier: MIT
//
// Connections on loopback with both ends on this loop, as several benchmarks need them.
#pragma once

#include <weir/runtime/task.h>
#include <weir/runtime/tcp.h>
#include <cstddef>
#include <utility>
#include <vector>

namespace weir::bench {

struct Pair {
    TcpStream client;
    TcpStream server;
};

inline Task<Result<std::vector<Pair>>> connect_pairs(std::size_t count) {
    Result<TcpListener> listener = TcpListener::bind(Endpoint::loopback(0));
    if (!listener) co_return std::move(listener).error();
    std::vector<Pair> pairs;
    for (std::size_t i = 0; i < count; ++i) {
        Result<TcpStream> client = co_await TcpStream::connect(listener->local_endpoint());
        if (!client) co_return std::move(client).error();
        Result<TcpStream> server = co_await listener->accept();
        if (!server) co_return std::move(server).error();
        pairs.push_back(Pair{*std::move(client), *std::move(server)});
    }
    co_return std::move(pairs);
}

constexpr std::size_t kMessageBytes = 64;

/// One message; false where the stream has failed or ended before it was there.
inline Task<bool> read_message(TcpStream& stream) {
    for (std::size_t have = 0; have < kMessageBytes;) {
        const Result<Lease> lease = co_await stream.read();
        if (!lease || lease->bytes().empty()) co_return false;
        have += lease->bytes().size();
    }
    co_return true;
}

}  // namespace weir::bench
