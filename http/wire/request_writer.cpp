// SPDX-License-Identifier: MIT
#include <weir/http/wire/error.h>
#include <weir/http/wire/request_writer.h>
#include <array>
#include <charconv>
#include <string>

namespace weir::http {
namespace {

Error bad_request(std::string what) {
    return Error(HttpErrc::bad_request, std::move(what));
}

std::string_view to_text(std::uint64_t number, std::array<char, 20>& room) {
    const auto end = std::to_chars(room.data(), room.data() + room.size(), number).ptr;
    return std::string_view(room.data(), static_cast<std::size_t>(end - room.data()));
}

/// Fields that the writer adds itself may be given too, if they say the same.
Result<void> check_field(const Request& request, const Field& field, std::string_view host,
                         std::string_view length) {
    // A name that is not a token is not shown: it may hold anything.
    if (!is_token(field.name)) {
        return bad_request("a request field's name is empty or has a byte that names may not have");
    }
    if (!is_field_value(field.value)) {
        return bad_request("the request field '" + std::string(field.name) +
                           "' has a line break or control byte in its value; remove it");
    }
    if (equals_ignoring_case(field.name, "Transfer-Encoding")) {
        return bad_request(
            "the request field Transfer-Encoding is not for callers to set: the "
            "body is sent with its length");
    }
    if (equals_ignoring_case(field.name, "Content-Length") && field.value != length) {
        return bad_request(
            "the request field Content-Length differs from the body's size; leave "
            "it out, it is added");
    }
    if (equals_ignoring_case(field.name, "Host") && !equals_ignoring_case(field.value, host)) {
        return bad_request("the request field Host differs from the URL's host '" +
                           request.url().host_header() + "'; leave it out, it is added");
    }
    return {};
}

bool is_added_by_writer(std::string_view name) noexcept {
    return equals_ignoring_case(name, "Host") || equals_ignoring_case(name, "Content-Length");
}

/// RFC 9110, 8.6: methods that define a meaning for content tell its length even if it is zero.
bool needs_length(const Request& request) noexcept {
    const std::string& method = request.method();
    return !request.body().empty() || method == "POST" || method == "PUT" || method == "PATCH";
}

/// At least what the head takes, so that the queue grows once.
std::size_t head_bytes(const Request& request) {
    constexpr std::size_t kLineOverhead = 4;  // ": " and CRLF
    constexpr std::size_t kFixedBytes = 96;   // the version, the length, the empty line
    const Url& url = request.url();
    std::size_t bytes =
        kFixedBytes + request.method().size() + 2 * url.host().size() + url.path_and_query().size();
    for (const Field field : request.headers()) {
        bytes += field.name.size() + field.value.size() + kLineOverhead;
    }
    return bytes;
}

}  // namespace

Result<void> write_request_head(ByteQueue& out, const Request& request, TargetForm form) {
    if (!is_token(request.method())) {
        return bad_request("the request's method is empty or has a byte that methods may not have");
    }
    if (request.method() == "CONNECT") {
        return bad_request("CONNECT asks for a tunnel, not for a URL: it cannot be sent this way");
    }
    const std::string host = request.url().host_header();
    std::array<char, 20> room;
    const std::string_view length = to_text(request.body().size(), room);
    for (const Field field : request.headers()) {
        auto usable = check_field(request, field, host, length);
        if (!usable) return usable;
    }

    out.prepare(head_bytes(request));
    out.append(request.method());
    out.append(" ");
    if (form == TargetForm::absolute) {
        out.append(request.url().text());
    } else {
        out.append(request.url().path_and_query());
    }
    // Host comes first, as RFC 9110, 7.2 recommends.
    out.append(" HTTP/1.1\r\nHost: ");
    out.append(host);
    out.append("\r\n");
    for (const Field field : request.headers()) {
        if (is_added_by_writer(field.name)) continue;
        out.append(field.name);
        out.append(": ");
        out.append(field.value);
        out.append("\r\n");
    }
    if (needs_length(request)) {
        out.append("Content-Length: ");
        out.append(length);
        out.append("\r\n");
    }
    out.append("\r\n");
    return {};
}

Result<void> write_request(ByteQueue& out, const Request& request, TargetForm form) {
    auto head = write_request_head(out, request, form);
    if (head && !request.body().empty()) out.append(request.body());
    return head;
}

}  // namespace weir::http
