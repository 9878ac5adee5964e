// SPDX-License-Identifier: MIT
#include <weir/http/wire/error.h>
#include <weir/http/wire/response_writer.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <string>

namespace weir::http {
namespace {

Error bad_response(std::string what) {
    return Error(HttpErrc::bad_request, std::move(what));
}

bool has_no_body(int status) noexcept {
    return status == 204 || status == 304;
}

Result<void> check_head(int status, const Headers& headers) {
    if (status < 200 || status > 999) {
        return bad_response("a response's status must be from 200 to 999, not " +
                            std::to_string(status));
    }
    for (const Field field : headers) {
        if (!is_token(field.name)) {
            return bad_response(
                "a response field's name is empty or has a byte that names may not "
                "have");
        }
        if (!is_field_value(field.value)) {
            return bad_response("the response field '" + std::string(field.name) +
                                "' has a line break or control byte in its value; remove it");
        }
        if (equals_ignoring_case(field.name, "Content-Length") ||
            equals_ignoring_case(field.name, "Transfer-Encoding")) {
            return bad_response("the response field '" + std::string(field.name) +
                                "' is added by the writer; leave it out");
        }
    }
    return {};
}

void append_number(ByteQueue& out, std::uint64_t number, int base) {
    std::array<char, 20> room;
    const auto end = std::to_chars(room.data(), room.data() + room.size(), number, base).ptr;
    out.append(std::string_view(room.data(), static_cast<std::size_t>(end - room.data())));
}

void append_field(ByteQueue& out, std::string_view name, std::string_view value) {
    out.append(name);
    out.append(": ");
    out.append(value);
    out.append("\r\n");
}

/// All of the head but the framing field and the empty line. Makes room for those and for
/// `body_bytes`, so that the queue grows once.
void append_head(ByteQueue& out, int status, const Headers& headers, std::size_t body_bytes,
                 const ServerFields& added) {
    constexpr std::size_t kLineOverhead = 4;  // ": " and CRLF
    constexpr std::size_t kFixedBytes = 192;  // the status line, what is added, the empty line
    std::size_t bytes = kFixedBytes + body_bytes;
    for (const Field field : headers)
        bytes += field.name.size() + field.value.size() + kLineOverhead;
    out.prepare(bytes);
    out.append("HTTP/1.1 ");
    append_number(out, static_cast<std::uint64_t>(status), 10);
    out.append(" ");
    out.append(reason_phrase(status));
    out.append("\r\n");
    for (const Field field : headers)
        append_field(out, field.name, field.value);
    if (!added.date.empty() && !headers.contains("Date")) append_field(out, "Date", added.date);
    if (!added.connection.empty()) append_field(out, "Connection", added.connection);
}

void append_length(ByteQueue& out, std::uint64_t length) {
    out.append("Content-Length: ");
    append_number(out, length, 10);
    out.append("\r\n");
}

Result<void> check_streamed_head(int status, const Headers& headers) {
    auto usable = check_head(status, headers);
    if (!usable) return usable;
    if (has_no_body(status)) {
        return bad_response("a response of status " + std::to_string(status) + " has no body");
    }
    return {};
}

}  // namespace

// RFC 9110, 15, and RFC 6585 where they are in use.
std::string_view reason_phrase(int status) noexcept {
    class Reason {
    public:
        int status;
        std::string_view phrase;
    };
    static constexpr Reason kReasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {203, "Non-Authoritative Information"},
        {204, "No Content"},
        {205, "Reset Content"},
        {206, "Partial Content"},
        {300, "Multiple Choices"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {407, "Proxy Authentication Required"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {425, "Too Early"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    const auto* const found = std::ranges::lower_bound(kReasons, status, {}, &Reason::status);
    return found != std::end(kReasons) && found->status == status ? found->phrase : "";
}

Result<void> write_response(ByteQueue& out, int status, const Headers& headers,
                            std::string_view body, RequestKind kind, const ServerFields& added) {
    auto usable = check_head(status, headers);
    if (!usable) return usable;
    if (has_no_body(status) && !body.empty()) {
        return bad_response("a response of status " + std::to_string(status) + " has no body");
    }
    append_head(out, status, headers, body.size(), added);
    if (!has_no_body(status)) append_length(out, body.size());
    out.append("\r\n");
    if (kind != RequestKind::head) out.append(body);
    return {};
}

Result<void> write_head_chunked(ByteQueue& out, int status, const Headers& headers,
                                const ServerFields& added) {
    auto usable = check_streamed_head(status, headers);
    if (!usable) return usable;
    append_head(out, status, headers, 0, added);
    out.append("Transfer-Encoding: chunked\r\n\r\n");
    return {};
}

Result<void> write_head_sized(ByteQueue& out, int status, const Headers& headers,
                              std::uint64_t length, const ServerFields& added) {
    auto usable = check_streamed_head(status, headers);
    if (!usable) return usable;
    append_head(out, status, headers, 0, added);
    append_length(out, length);
    out.append("\r\n");
    return {};
}

Result<void> write_head_until_close(ByteQueue& out, int status, const Headers& headers,
                                    const ServerFields& added) {
    auto usable = check_streamed_head(status, headers);
    if (!usable) return usable;
    append_head(out, status, headers, 0, added);
    out.append("\r\n");
    return {};
}

void write_chunk(ByteQueue& out, Bytes data) {
    if (data.empty()) return;
    append_number(out, data.size(), 16);
    out.append("\r\n");
    out.append(data);
    out.append("\r\n");
}

void write_last_chunk(ByteQueue& out) {
    out.append("0\r\n\r\n");
}

void write_continue(ByteQueue& out) {
    out.append("HTTP/1.1 100 Continue\r\n\r\n");
}

}  // namespace weir::http
