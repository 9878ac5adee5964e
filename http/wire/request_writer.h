// SPDX-License-Identifier: MIT
//
// A request as bytes. Adds Host and Content-Length; refuses what would let a value become a field
// of its own (header injection) or frame the body in two ways. On an error nothing is written.
#pragma once

#include <weir/http/wire/message.h>
#include <weir/runtime/base/byte_queue.h>
#include <weir/runtime/base/result.h>
#include <cstdint>
#include <optional>

namespace weir::http {

/// How the request line names the resource: by its path, or (to a proxy) by the whole URL.
enum class TargetForm : std::uint8_t { origin, absolute };

/// Appends the head and the body.
Result<void> write_request(ByteQueue& out, const Request& request,
                           TargetForm form = TargetForm::origin);

/// Appends the head only, which promises `request.body().size()` bytes: the caller sends the body
/// from where it lies, without a copy.
Result<void> write_request_head(ByteQueue& out, const Request& request,
                                TargetForm form = TargetForm::origin);

/// Appends the head of a request whose body follows: of `length` bytes, or in chunks where that is
/// not known (RFC 9112, 6.1). A request that has a body of its own is refused.
Result<void> write_streamed_head(ByteQueue& out, const Request& request,
                                 std::optional<std::uint64_t> length,
                                 TargetForm form = TargetForm::origin);

}  // namespace weir::http
