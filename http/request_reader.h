// SPDX-License-Identifier: MIT
//
// The requests of one connection, one after the other, as a server's connection reads them: each
// wait for bytes has a limit, and so have a whole head and the pace of a body.
#pragma once

#include <weir/http/wire/request_parser.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/intrusive_list.h>
#include <weir/runtime/base/time.h>
#include <cstdint>
#include <string>
#include <utility>

#include "http/server_core.h"
#include "http/supervised.h"
#include "http/transport.h"

namespace weir::http {

/// Between two requests it is in the core's list of those that are idle.
class RequestReader : public IntrusiveNode {
public:
    /// All of them must outlive it.
    RequestReader(ServerCore& core, Supervisor& supervisor, Transport& transport) noexcept
        : core_(core),
          supervisor_(supervisor),
          transport_(transport),
          options_(core.options),
          parser_(options_.limits_) {}
    ~RequestReader() {
        if (is_linked()) unlink();
    }

    /// Reads a head and its whole body. False where the client closed instead, or no more requests
    /// are taken. Errc::cancelled where it was interrupted.
    Task<Result<bool>> next();
    void interrupt() noexcept { supervisor_.interrupt(); }
    RequestHead take_head() { return std::move(head_); }
    /// After an error: what is known of the request's head.
    RequestHead take_known_head() { return has_head_ ? std::move(head_) : parser_.take_head(); }
    std::string take_body() { return std::exchange(body_, std::string()); }
    bool keep_alive() const noexcept { return parser_.keep_alive(); }

    /// Whether part of a request has come and the rest has not.
    bool is_amidst() const noexcept { return !parser_.is_done() && parser_.has_begun(); }
    /// When the first byte of the present request came, or was found waiting.
    Instant begun() const noexcept { return request_began_; }
    /// Whether bytes behind the last request have come.
    bool has_more() const noexcept { return !input_.empty(); }

private:
    Instant deadline() const noexcept;
    Task<Result<void>> more();
    Task<Result<void>> send_continue();

    ServerCore& core_;
    Supervisor& supervisor_;
    Transport& transport_;
    const ServerOptions& options_;
    RequestParser parser_;
    Bytes input_;
    RequestHead head_;
    std::string body_;
    Instant request_began_{};
    Instant part_began_{};  // the head, and then the body
    bool has_head_ = false;
    bool has_ended_ = false;
};

}  // namespace weir::http
