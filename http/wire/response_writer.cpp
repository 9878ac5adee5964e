// SPDX-License-Identifier: MIT
#include <weir/http/wire/error.h>
#include <weir/http/wire/response_writer.h>
#include <array>
#include <charconv>
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

/// All of the head but the framing field and the empty line. Makes room for those and for
/// `body_bytes`, so that the queue grows once.
void append_head(ByteQueue& out, int status, const Headers& headers, std::size_t body_bytes) {
    constexpr std::size_t kLineOverhead = 4;  // ": " and CRLF
    constexpr std::size_t kFixedBytes = 96;   // the status line, the framing, the empty line
    std::size_t bytes = kFixedBytes + body_bytes;
    for (const Field field : headers)
        bytes += field.name.size() + field.value.size() + kLineOverhead;
    out.prepare(bytes);
    out.append("HTTP/1.1 ");
    append_number(out, static_cast<std::uint64_t>(status), 10);
    out.append(" ");
    out.append(reason_phrase(status));
    out.append("\r\n");
    for (const Field field : headers) {
        out.append(field.name);
        out.append(": ");
        out.append(field.value);
        out.append("\r\n");
    }
}

}  // namespace

std::string_view reason_phrase(int status) noexcept {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 411:
            return "Length Required";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        default:
            return "";
    }
}

Result<void> write_response(ByteQueue& out, int status, const Headers& headers,
                            std::string_view body, RequestKind kind) {
    auto usable = check_head(status, headers);
    if (!usable) return usable;
    if (has_no_body(status) && !body.empty()) {
        return bad_response("a response of status " + std::to_string(status) + " has no body");
    }
    append_head(out, status, headers, body.size());
    if (!has_no_body(status)) {
        out.append("Content-Length: ");
        append_number(out, body.size(), 10);
        out.append("\r\n");
    }
    out.append("\r\n");
    if (kind != RequestKind::head) out.append(body);
    return {};
}

Result<void> write_head_chunked(ByteQueue& out, int status, const Headers& headers) {
    auto usable = check_head(status, headers);
    if (!usable) return usable;
    if (has_no_body(status)) {
        return bad_response("a response of status " + std::to_string(status) + " has no body");
    }
    append_head(out, status, headers, 0);
    out.append("Transfer-Encoding: chunked\r\n\r\n");
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
