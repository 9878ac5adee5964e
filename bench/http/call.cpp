// SPDX-License-Identifier: MIT
#include "bench/http/call.h"

#include <weir/llm/wire/json_writer.h>

#include <simdjson.h>

#include "bench/floor/http_bytes.h"

namespace weir::bench {
namespace {

bool is_expected(std::string& json) {
    static const std::string text = floor::response_text();
    static simdjson::ondemand::parser parser;
    json.reserve(json.size() + simdjson::SIMDJSON_PADDING);
    simdjson::ondemand::document answer;
    std::string_view content;
    return !parser.iterate(json).get(answer) &&
           !answer["choices"].at(0)["message"]["content"].get(content) && content == text;
}

}  // namespace

std::string ChatQuestion::to_json() const {
    std::string out = R"({"model":)";
    llm::append_json_string(out, model);
    out += R"(,"messages":[)";
    for (const ChatMessage& message : messages) {
        out += out.back() == '[' ? R"({"role":)" : R"(,{"role":)";
        llm::append_json_string(out, message.role);
        out += R"(,"content":)";
        llm::append_json_string(out, message.content);
        out += '}';
    }
    return out += "]}";
}

ChatQuestion make_question() {
    static const std::string text = floor::request_text();
    return ChatQuestion{"bench", {ChatMessage{"user", text}}};
}

Result<http::Url> server_url(std::size_t port, bool is_secure) {
    return http::Url::parse((is_secure ? "https" : "http") + std::string("://127.0.0.1:") +
                            std::to_string(port) + std::string(floor::kPath));
}

Task<Result<void>> call(http::Client& client, const http::Url& url) {
    http::Request request("POST", url);
    request.header("Content-Type", "application/json").body(make_question().to_json());
    Result<http::Response> response = co_await client.send(std::move(request));
    if (!response) co_return std::move(response).error();
    if (response->status() != 200 || !is_expected(response->body)) {
        co_return floor::strange_answer();
    }
    co_return Result<void>();
}

}  // namespace weir::bench
