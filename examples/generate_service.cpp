// SPDX-License-Identifier: MIT
//
// A service with one endpoint: POST /generate with {"prompt": "..."} streams a model's answer as
// server-sent events. A client that goes cancels its handler, whose stream is dropped with it, so
// that the model stops, too. A line of log is written in the background.
#include <weir/http/router.h>
#include <weir/http/server.h>
#include <weir/llm/client.h>
#include <weir/llm/wire/json.h>
#include <weir/llm/wire/json_writer.h>
#include <weir/runtime/run.h>

#include <cstdio>
#include <string>
#include <utility>

namespace http = weir::http;
namespace llm = weir::llm;
using weir::Result;
using weir::Task;

Task<void> write_log(std::size_t prompt_bytes, std::size_t answer_bytes) {
    std::fprintf(stderr, "%zu bytes asked, %zu answered\n", prompt_bytes, answer_bytes);
    co_return;
}

class Service {
public:
    explicit Service(llm::Client& client) noexcept : client_(client) {}

    Task<void> generate(http::Exchange& exchange) {
        const auto members = llm::read_json_object(exchange.body());
        const llm::JsonMember* prompt = members ? llm::find_member(*members, "prompt") : nullptr;
        if (prompt == nullptr || prompt->kind() != llm::JsonKind::string) {
            Result<void> ignored =
                co_await exchange.respond_json(422, R"({"error":"send {\"prompt\": \"...\"}"})");
            static_cast<void>(ignored);  // an error means that the client is gone
            co_return;
        }
        const std::string text = llm::json_string_text(prompt->raw);
        const llm::Chat chat = llm::Chat(client_.model()).user(text);
        Result<llm::ChatStream> stream = co_await client_.stream(chat);
        Result<void> sent = co_await exchange.begin_events();
        std::size_t answered = 0;
        std::string failure = stream ? "" : stream.error().message();
        while (sent && stream) {
            Result<std::optional<llm::Delta>> delta = co_await stream->next();
            if (!delta) failure = delta.error().message();
            if (!delta || !*delta) break;
            answered += (*delta)->text.size();
            std::string json;
            llm::append_json_string(json, (*delta)->text);
            sent = co_await exchange.write_event(json);
        }
        // Whoever reads can tell an answer that is whole from one that broke off.
        std::string last = "{}";
        if (!failure.empty()) llm::append_json_string(last = "", failure);
        const char* const type = failure.empty() ? "done" : "error";
        if (sent) sent = co_await exchange.write_event(last, type);
        if (sent) sent = co_await exchange.end();
        exchange.spawn(write_log(text.size(), answered));
    }

private:
    llm::Client& client_;
};

Task<Result<void>> serve() {
    Result<llm::Client> client = llm::Client::make(llm::ClientOptions::from_environment());
    if (!client) co_return client.error();
    Result<http::Server> server = http::Server::listen(weir::Endpoint::loopback(0));
    if (!server) co_return server.error();
    Service service(*client);
    http::Router router;
    router.add("POST", "/generate",
               [&service](http::Exchange& exchange) { return service.generate(exchange); });

    std::printf("http://%s/\n", server->local_endpoint().to_string().c_str());
    std::fflush(stdout);
    co_return co_await http::serve_until_signal(*server, router.handler());
}

int main() {
    const Result<void> done = weir::run(serve());
    if (!done) std::fprintf(stderr, "%s\n", done.error().message().c_str());
    return done ? 0 : 1;
}
