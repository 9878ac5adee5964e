// SPDX-License-Identifier: MIT
//
// What a program puts into a request or a response must not become more than it is: whatever the
// writers accept, our own strict parsers read back as that one message, with those very fields.
#include <weir/http/wire/request_parser.h>
#include <weir/http/wire/request_writer.h>
#include <weir/http/wire/response_parser.h>
#include <weir/http/wire/response_writer.h>
#include <weir/runtime/base/byte_queue.h>

#include <optional>

#include "tests/fuzz/fuzz.h"

using namespace weir;
using http::ParserEvent;

namespace {

/// The parts of an input: each a length and as many bytes, as far as there are any.
class Parts {
public:
    explicit Parts(std::string_view bytes) noexcept : rest_(bytes) {}
    std::string_view next() noexcept {
        if (rest_.empty()) return {};
        const std::size_t size = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        const std::string_view part = rest_.substr(0, size);
        rest_.remove_prefix(part.size());
        return part;
    }
    bool empty() const noexcept { return rest_.empty(); }

private:
    std::string_view rest_;
};

std::string text_of(const ByteQueue& queue) {
    return std::string(as_text(queue.readable()));
}

/// Reads one whole message; gives its body. Nothing may be left.
template <typename Parser, typename Head>
std::string read_back(Parser& parser, const std::string& text, Head& head) {
    Bytes rest = as_bytes(text);
    std::string body;
    while (!parser.is_done()) {
        const auto event = parser.next(rest);
        fuzz::expect(event.has_value(), "what was written is refused");
        fuzz::expect(event->kind != ParserEvent::Kind::need_more, "what was written is not whole");
        if (event->kind == ParserEvent::Kind::head) head = parser.take_head();
        if (event->kind == ParserEvent::Kind::body) body += as_text(event->bytes);
    }
    fuzz::expect(rest.empty(), "what was written is more than one message");
    return body;
}

void expect_fields(const http::Headers& written, const http::Headers& read) {
    for (const http::Field field : written) {
        bool is_there = false;
        for (const http::Field each : read) {
            is_there = is_there || (each.name == field.name &&
                                    each.value == http::trim_whitespace(field.value));
        }
        fuzz::expect(is_there, "a field was lost or changed");
    }
}

std::size_t count(const http::Headers& headers) {
    std::size_t number = 0;
    for ([[maybe_unused]] const http::Field field : headers)
        ++number;
    return number;
}

void try_request(Parts parts) {
    auto url = http::Url::parse(parts.next());
    if (!url) url = http::Url::parse("http://host/path");
    http::Request request(std::string(parts.next()), *url);
    request.body(std::string(parts.next()));
    while (!parts.empty()) {
        const std::string_view name = parts.next();
        request.header(name, parts.next());
    }
    ByteQueue out;
    if (!http::write_request(out, request)) return;
    http::RequestParser parser;
    http::RequestHead head;
    const std::string body = read_back(parser, text_of(out), head);
    fuzz::expect_equal(body, request.body(), "the body is another");
    fuzz::expect_equal(head.method, request.method(), "the method is another");
    fuzz::expect_equal(head.target, url->path_and_query(), "the target is another");
    expect_fields(request.headers(), head.headers);
    constexpr std::size_t kOwnFieldsMax = 3;
    fuzz::expect(count(head.headers) <= count(request.headers()) + kOwnFieldsMax,
                 "there are more fields than were given");
}

void try_response(int status, Parts parts) {
    const std::string body(parts.next());
    http::Headers headers;
    while (!parts.empty()) {
        const std::string_view name = parts.next();
        headers.add(name, parts.next());
    }
    ByteQueue out;
    if (!http::write_response(out, status, headers, body)) return;
    if (status < 200) return;
    http::ResponseParser parser;
    parser.start(http::RequestKind::normal);
    http::ResponseHead head;
    fuzz::expect_equal(read_back(parser, text_of(out), head), body, "the body is another");
    fuzz::expect(head.status == status, "the status is another");
    expect_fields(headers, head.headers);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const Parts parts(std::string_view(reinterpret_cast<const char*>(data) + 2, size - 2));
    if ((data[0] & 1) == 0) {
        try_request(parts);
    } else {
        try_response((data[0] >> 1) * 8 + data[1] % 8, parts);
    }
    return 0;
}
