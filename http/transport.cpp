// SPDX-License-Identifier: MIT
#include "http/transport.h"

#include <algorithm>
#include <utility>

namespace weir::http {
namespace {

constexpr std::size_t kDecryptedBytes = 4096;
// Ciphertext is made and sent in pieces of this size, so that a large body is not held twice.
constexpr std::size_t kEncryptAtOnce = 64 * 1024;

}  // namespace

Task<Result<void>> Transport::begin_tls(TlsEngine engine) {
    tls_ = std::make_unique<TlsEngine>(std::move(engine));
    for (;;) {
        Result<void> step = tls_->handshake(encrypted_);
        // Also after a failure: an alert that tells the peer may be waiting.
        Result<void> sent = co_await flush();
        if (!step) co_return step;
        if (!sent) co_return sent;
        if (tls_->is_established()) {
            release();
            co_return Result<void>();
        }
        Result<void> received = co_await receive();
        if (!received) co_return received;
    }
}

Task<Result<Bytes>> Transport::read() {
    return tls_ ? read_decrypted() : read_plain();
}

Task<Result<Bytes>> Transport::read_plain() {
    lease_ = Lease();
    if (const Bytes bytes = take_ahead(); !bytes.empty()) co_return bytes;
    Result<Lease> received = co_await stream_.read();
    if (!received) co_return std::move(received).error();
    lease_ = *std::move(received);
    co_return lease_.bytes();
}

Task<Result<Bytes>> Transport::read_decrypted() {
    for (;;) {
        if (!decrypted_) decrypted_ = std::make_unique_for_overwrite<std::byte[]>(kDecryptedBytes);
        const MutableBytes room(decrypted_.get(), kDecryptedBytes);
        Result<std::size_t> count = tls_->decrypt(encrypted_, room);
        if (!count) {
            Result<void> ignored = co_await flush();
            static_cast<void>(ignored);
            co_return std::move(count).error();
        }
        if (*count > 0) co_return Bytes(room.first(*count));
        if (tls_->is_closed()) co_return Bytes();
        decrypted_.reset();
        // The engine may have to answer the peer, to a change of keys for instance.
        if (!tls_->output().empty()) {
            Result<void> sent = co_await flush();
            if (!sent) co_return std::move(sent).error();
        }
        Result<void> received = co_await receive();
        if (!received) co_return std::move(received).error();
    }
}

Task<Result<void>> Transport::write_all(Bytes bytes) {
    if (!tls_) {
        Result<void> sent = co_await stream_.write_all(bytes);
        co_return sent;
    }
    while (!bytes.empty()) {
        const std::size_t count = std::min(bytes.size(), kEncryptAtOnce);
        Result<void> encrypted = tls_->encrypt(bytes.first(count));
        if (!encrypted) co_return encrypted;
        Result<void> sent = co_await flush();
        if (!sent) co_return sent;
        bytes = bytes.subspan(count);
    }
    co_return Result<void>();
}

Task<Result<bool>> Transport::watch(std::size_t bytes_max) {
    while (!ahead_ || ahead_->size() < bytes_max) {
        Result<Lease> received = co_await stream_.read();
        if (!received) co_return std::move(received).error();
        if (received->empty()) co_return true;
        if (!ahead_) ahead_ = std::make_unique<ByteQueue>();
        ahead_->append(received->bytes());
    }
    co_return false;
}

Task<Result<void>> Transport::say_goodbye() {
    if (!tls_) co_return Result<void>();
    tls_->shut_down();
    co_return co_await flush();
}

void Transport::release() noexcept {
    decrypted_.reset();
    if (!encrypted_.empty()) return;
    lease_ = Lease();
    given_.reset();
}

// What watch() received, once: the bytes stay until the next call.
Bytes Transport::take_ahead() noexcept {
    given_ = std::move(ahead_);
    return given_ ? given_->readable() : Bytes();
}

// Sends the engine's output. Where another task is sending, that one takes along what was added
// since: one may read while another writes. What the kernel reads lies here, since the engine may
// add to its own.
Task<Result<void>> Transport::flush() {
    if (is_flushing_) co_return Result<void>();
    is_flushing_ = true;  // and stays so when cancelled: nothing can be sent then
    Result<void> sent;
    while (sent && !tls_->output().empty()) {
        const ByteQueue output = std::move(tls_->output());
        sent = co_await stream_.write_all(output.readable());
    }
    is_flushing_ = false;
    co_return sent;
}

// Waits for more ciphertext. All that came before must have been decrypted.
Task<Result<void>> Transport::receive() {
    lease_ = Lease();
    if (const Bytes bytes = take_ahead(); !bytes.empty()) {
        encrypted_ = bytes;
        co_return Result<void>();
    }
    Result<Lease> received = co_await stream_.read();
    if (!received) co_return std::move(received).error();
    if (received->empty()) co_return tls_->truncated();
    lease_ = *std::move(received);
    encrypted_ = lease_.bytes();
    co_return Result<void>();
}

}  // namespace weir::http
