// SPDX-License-Identifier: MIT
//
// A request body that is made while it is sent, piece by piece, so that it never lies in memory as
// a whole. Asked for the next piece only when the one before has been taken by the kernel.
#pragma once

#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/task.h>
#include <cstdint>
#include <optional>

namespace weir::http {

/// To derive from. It must live until the call that sends it has given its answer's head.
class BodySource {
public:
    virtual ~BodySource() = default;

    /// The next piece, valid until the next call; empty at the end. An error ends the call, which
    /// gives it. Cancelled where the answer comes early: it is not called again then.
    virtual Task<Result<Bytes>> next() = 0;
    /// How many bytes there are in all, for Content-Length; the pieces must come to as much.
    /// Nothing: not known, the body is sent in chunks (RFC 9112, 7.1).
    virtual std::optional<std::uint64_t> length() const { return std::nullopt; }
    /// Goes back to the beginning, for a request that has to be sent again. False: that cannot be.
    virtual bool rewind() { return false; }
};

}  // namespace weir::http
