// SPDX-License-Identifier: MIT
#include "bench/floor/stream_bytes.h"

#include <array>
#include <cstdio>

namespace weir::bench::floor {
namespace {

constexpr std::array<std::string_view, 8> kTokens = {" loops", " are",     " alike", ";",
                                                     " every", " unhappy", " loop",  " is"};

std::string event(std::string_view delta, std::string_view finish_reason) {
    std::string out =
        R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,)"
        R"("model":"bench","choices":[{"index":0,"delta":{)";
    out.append(delta).append(R"(},"logprobs":null,"finish_reason":)").append(finish_reason);
    return out += "}]}\n\n";
}

std::string chunk(std::string_view bytes) {
    std::array<char, 24> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    return std::string(size.data()).append(bytes).append("\r\n");
}

}  // namespace

std::string_view token(std::size_t number) noexcept {
    return kTokens[number % kTokens.size()];
}

std::size_t text_bytes(std::size_t chunks) noexcept {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < chunks; ++i)
        bytes += token(i).size();
    return bytes;
}

std::string stream_head() {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
           "\r\n";
}

std::string stream_chunk(std::size_t number) {
    return chunk(event(R"("content":")" + std::string(token(number)) + '"', "null"));
}

std::string stream_end() {
    return chunk(event("", R"("stop")")) + chunk("data: [DONE]\n\n") + "0\r\n\r\n";
}

}  // namespace weir::bench::floor
