// SPDX-License-Identifier: MIT
//
// A response as bytes, whole or streamed in chunks. Refuses fields that could not be read back as
// they were given (response splitting) and fields that frame the body, which the writer adds
// itself. On an error nothing is written.
#pragma once

#include <weir/http/wire/message.h>
#include <weir/runtime/base/byte_queue.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <cstdint>
#include <string_view>

namespace weir::http {

/// "OK" for 200; empty for a status without a well-known reason.
std::string_view reason_phrase(int status) noexcept;

/// Fields that a server adds by itself. Empty: none. A Date that the headers have stays.
class ServerFields {
public:
    ServerFields() noexcept {}
    explicit ServerFields(std::string_view imf_date, std::string_view option = {}) noexcept
        : date(imf_date), connection(option) {}

    std::string_view date;        // see http_date()
    std::string_view connection;  // "close", or "keep-alive" to an HTTP/1.0 client
};

/// Appends a whole response with its Content-Length. To a HEAD request the length is told and the
/// body left out. 204 and 304 take no body.
Result<void> write_response(ByteQueue& out, int status, const Headers& headers,
                            std::string_view body, RequestKind kind = RequestKind::normal,
                            const ServerFields& added = ServerFields());

/// Appends the head of a response whose body follows in chunks. For HTTP/1.1 clients only.
Result<void> write_head_chunked(ByteQueue& out, int status, const Headers& headers,
                                const ServerFields& added = ServerFields());
/// Appends the head of a response whose body, of that length, follows as it is.
Result<void> write_head_sized(ByteQueue& out, int status, const Headers& headers,
                              std::uint64_t length, const ServerFields& added = ServerFields());
/// Appends the head of a response whose body ends with the connection. For HTTP/1.0 clients, which
/// know no chunks; `added` must say "close".
Result<void> write_head_until_close(ByteQueue& out, int status, const Headers& headers,
                                    const ServerFields& added);

/// Appends one chunk. Nothing for empty data, since an empty chunk would end the body.
void write_chunk(ByteQueue& out, Bytes data);

/// Ends a chunked body.
void write_last_chunk(ByteQueue& out);

/// Appends "100 Continue": the client may send its body.
void write_continue(ByteQueue& out);

}  // namespace weir::http
