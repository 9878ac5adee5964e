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

/// How a request's body is framed, and the length as text where it is known.
class BodyFrame {
public:
    enum class Kind : std::uint8_t { none, length, chunked };

    explicit BodyFrame(const Request& request) {
        // RFC 9110, 8.6: methods that define a meaning for content tell its length even if it is
        // zero.
        const std::string& method = request.method();
        const bool needs_length =
            !request.body().empty() || method == "POST" || method == "PUT" || method == "PATCH";
        kind = needs_length ? Kind::length : Kind::none;
        has_content = !request.body().empty();
        set_length(request.body().size());
    }
    explicit BodyFrame(std::optional<std::uint64_t> streamed)
        : kind(streamed ? Kind::length : Kind::chunked), has_content(true) {
        set_length(streamed.value_or(0));
    }
    // `length` points into `room_`.
    BodyFrame(const BodyFrame&) = delete;
    BodyFrame& operator=(const BodyFrame&) = delete;

    Kind kind;
    bool has_content;
    std::string_view length;

private:
    void set_length(std::uint64_t number) {
        const auto end = std::to_chars(room_.data(), room_.data() + room_.size(), number).ptr;
        length = std::string_view(room_.data(), static_cast<std::size_t>(end - room_.data()));
    }

    std::array<char, 20> room_;
};

/// Fields that the writer adds itself may be given too, if they say the same.
Result<void> check_field(const Request& request, const Field& field, std::string_view host,
                         const BodyFrame& body) {
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
            "the request field Transfer-Encoding is not for callers to set: it is added where a "
            "body needs it");
    }
    if (equals_ignoring_case(field.name, "Content-Length") &&
        (body.kind == BodyFrame::Kind::chunked || field.value != body.length)) {
        return bad_request(
            "the request field Content-Length differs from the body's size; leave "
            "it out, it is added");
    }
    if (equals_ignoring_case(field.name, "Expect") && !body.has_content) {
        return bad_request(
            "the request field Expect asks whether a body may be sent, and there is none "
            "(RFC 9110, 10.1.1); leave it out");
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

Result<void> write_head(ByteQueue& out, const Request& request, const BodyFrame& body,
                        TargetForm form) {
    if (!is_token(request.method())) {
        return bad_request("the request's method is empty or has a byte that methods may not have");
    }
    if (request.method() == "CONNECT") {
        return bad_request("CONNECT asks for a tunnel, not for a URL: it cannot be sent this way");
    }
    const std::string host = request.url().host_header();
    for (const Field field : request.headers()) {
        auto usable = check_field(request, field, host, body);
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
    if (body.kind == BodyFrame::Kind::length) {
        out.append("Content-Length: ");
        out.append(body.length);
        out.append("\r\n");
    }
    if (body.kind == BodyFrame::Kind::chunked) out.append("Transfer-Encoding: chunked\r\n");
    out.append("\r\n");
    return {};
}

}  // namespace

Result<void> write_request_head(ByteQueue& out, const Request& request, TargetForm form) {
    return write_head(out, request, BodyFrame(request), form);
}

Result<void> write_streamed_head(ByteQueue& out, const Request& request,
                                 std::optional<std::uint64_t> length, TargetForm form) {
    if (!request.body().empty()) {
        return bad_request("the request has a body and a source of another one: give one of them");
    }
    return write_head(out, request, BodyFrame(length), form);
}

Result<void> write_request(ByteQueue& out, const Request& request, TargetForm form) {
    auto head = write_request_head(out, request, form);
    if (head && !request.body().empty()) out.append(request.body());
    return head;
}

}  // namespace weir::http
