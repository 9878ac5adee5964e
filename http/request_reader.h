// SPDX-License-Identifier: MIT
//
// The requests of one connection, one after the other, as a server's connection reads them.
#pragma once

#include <weir/http/wire/request_parser.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/time.h>
#include <string>
#include <utility>

#include "http/transport.h"

namespace weir::http {

class RequestReader {
public:
    RequestReader(Transport& transport, ParserLimits limits, Duration silence) noexcept
        : transport_(transport), parser_(limits), silence_(silence) {}

    /// Reads a head and its whole body. False where the client closed instead.
    Task<Result<bool>> next();
    RequestHead take_head() { return std::move(head_); }
    std::string take_body() { return std::exchange(body_, std::string()); }
    bool keep_alive() const noexcept { return parser_.keep_alive(); }

private:
    Task<Result<void>> more();
    Task<Result<void>> send_continue();

    Transport& transport_;
    RequestParser parser_;
    Duration silence_;
    Bytes input_;
    RequestHead head_;
    std::string body_;
    bool has_ended_ = false;
};

}  // namespace weir::http
