// SPDX-License-Identifier: MIT
//
// A connection's bytes, plain or through TLS: one stream, with a TLS engine between it and us where
// the scheme asks for it. One task may read, or watch(), while another writes. It holds no buffer
// while it waits.
#pragma once

#include <weir/runtime/base/byte_queue.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/stream.h>
#include <weir/runtime/task.h>
#include <cstddef>
#include <memory>
#include <optional>

#include "http/tls_engine.h"

namespace weir::http {

class Transport {
public:
    explicit Transport(Stream stream) noexcept : stream_(std::move(stream)) {}

    /// Puts TLS in between and shakes hands, once. What was read before must have been used up.
    Task<Result<void>> begin_tls(TlsEngine engine);

    /// The next bytes, valid until the next call; empty at the peer's end. A TLS peer that closes
    /// without saying so is an error, for what came may be cut.
    Task<Result<Bytes>> read();
    /// Sends all of `bytes`.
    Task<Result<void>> write_all(Bytes bytes);
    /// Receives while somebody else writes and nobody reads, to see the peer go: true at the peer's
    /// end, false when `bytes_max` bytes have come and were kept for the next read(). A peer that
    /// ends only TLS is not seen: nothing is decrypted, since the writer may be using the engine.
    Task<Result<bool>> watch(std::size_t bytes_max);
    /// Says goodbye, as TLS wants it, without waiting for an answer. Then only close.
    Task<Result<void>> say_goodbye();

    /// The peer reads the end after what was sent. Reading can go on. An error where the connection
    /// is gone already. Not while somebody writes.
    Result<void> shut_down_output() noexcept { return stream_.shut_down_output(); }

    Result<Endpoint> peer_endpoint() const { return stream_.peer_endpoint(); }

    /// Gives back the buffers that the last read() used.
    void release() noexcept;
    /// For a connection that nobody reads: false if the peer closed it or sent anything.
    bool is_quiet() const noexcept { return encrypted_.empty() && !ahead_ && stream_.is_quiet(); }

private:
    Task<Result<Bytes>> read_plain();
    Task<Result<Bytes>> read_decrypted();
    Task<Result<void>> flush();
    Task<Result<void>> receive();
    Bytes take_ahead() noexcept;

    Stream stream_;
    Lease lease_;
    std::unique_ptr<ByteQueue> ahead_;  // what watch() received; null: nothing
    std::unique_ptr<ByteQueue> given_;  // the same, once read() has given it
    std::unique_ptr<TlsEngine> tls_;
    Bytes encrypted_;                         // what of the lease is not decrypted yet
    std::unique_ptr<std::byte[]> decrypted_;  // what read() gave last
    bool is_flushing_ = false;
};

}  // namespace weir::http
