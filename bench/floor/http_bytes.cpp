// SPDX-License-Identifier: MIT
#include "bench/floor/http_bytes.h"

#include <charconv>

namespace weir::bench::floor {
namespace {

constexpr std::string_view kRequestHead =
    R"({"model":"bench","messages":[{"role":"user","content":")";
constexpr std::string_view kRequestTail = R"("}]})";
constexpr std::string_view kResponseHead =
    R"({"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"bench",)"
    R"("choices":[{"index":0,"message":{"role":"assistant","content":")";
constexpr std::string_view kResponseTail =
    R"("},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":25,"completion_tokens":40,"total_tokens":65}})";

std::string text_of(std::size_t bytes) {
    static constexpr std::string_view kText = "All happy loops are alike; ";
    std::string out;
    for (std::size_t i = 0; i < bytes; ++i)
        out += kText[i % kText.size()];
    return out;
}

}  // namespace

std::string request_text() {
    return text_of(kRequestBodyBytes - kRequestHead.size() - kRequestTail.size());
}

std::string response_text() {
    return text_of(kResponseBodyBytes - kResponseHead.size() - kResponseTail.size());
}

std::string request_body() {
    return std::string(kRequestHead) + request_text() + std::string(kRequestTail);
}

std::string request_bytes(std::uint16_t port) {
    const std::string body = request_body();
    return "POST " + std::string(kPath) + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
           "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

std::string response_bytes() {
    const std::string body =
        std::string(kResponseHead) + response_text() + std::string(kResponseTail);
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::size_t message_bytes(std::string_view bytes) {
    const std::size_t head_end = bytes.find("\r\n\r\n");
    if (head_end == bytes.npos) return 0;
    const std::string_view head = bytes.substr(0, head_end + 2);
    std::size_t length = 0;
    for (const std::string_view name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
        const std::size_t found = head.find(name);
        if (found == head.npos) continue;
        const char* digits = head.data() + found + name.size();
        std::from_chars(digits, head.data() + head.size(), length);
        break;
    }
    return head_end + 4 + length;
}

Error strange_answer() {
    return Error(Errc::bad_argument, "the server's answer is not what it should be");
}

ResponseCounter::State ResponseCounter::take(std::string_view bytes) {
    if (bytes_left_ == 0) {
        const std::size_t all = message_bytes(bytes);
        if (!bytes.starts_with("HTTP/1.1 200 ") || all < kResponseBodyBytes) return State::broken;
        bytes_left_ = static_cast<std::uint32_t>(all);
    }
    if (bytes.empty() || bytes.size() > bytes_left_) return State::broken;
    bytes_left_ -= static_cast<std::uint32_t>(bytes.size());
    return bytes_left_ == 0 ? State::complete : State::partial;
}

}  // namespace weir::bench::floor
