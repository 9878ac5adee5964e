// SPDX-License-Identifier: MIT
//
// A mock server and a client of plain HTTP in one simulated world.
#pragma once

#include <gtest/gtest.h>
#include <weir/http/client.h>
#include <weir/http/wire/sse_parser.h>
#include <weir/http/wire/url.h>
#include <weir/llm/mock/server.h>
#include <weir/llm/wire/json.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/run.h>
#include <weir/runtime/task_group.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::test {

using MockVisit = std::function<Task<void>(llm::mock::Server&)>;

inline Task<void> with_mock(const llm::mock::Script& script, const MockVisit& visit) {
    llm::mock::Server server = llm::mock::Server::listen(Endpoint::loopback(0), script).value();
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        group.spawn(server.serve());
        co_await visit(server);
        group.cancel();
    });
}

/// Runs `visit` beside a mock server, in the simulator.
inline void simulate_mock(const llm::mock::Script& script, const MockVisit& visit) {
    run_simulated(with_mock(script, visit));
}

/// A request to one path of the mock server.
class Asked {
public:
    Asked(std::string verb, std::string at) : method(std::move(verb)), path(std::move(at)) {}

    Asked& header(std::string_view name, std::string_view value) {
        headers.add(name, value);
        return *this;
    }
    Asked& content(std::string text) { return body = std::move(text), *this; }

    std::string method;
    std::string path;
    http::Headers headers;
    std::string body;
};

inline Task<Result<http::Response>> ask_mock(const llm::mock::Server& server, Asked asked) {
    http::Client client;
    const std::string origin = server.base_url().substr(0, server.base_url().size() - 3);
    http::Request request(asked.method, http::Url::parse(origin + asked.path).value());
    request.headers() = std::move(asked.headers);
    request.body(std::move(asked.body));
    co_return co_await client.send(std::move(request));
}

/// One answer, from a server of its own.
inline http::Response answer_of(const llm::mock::Script& script, const Asked& asked) {
    std::optional<http::Response> answer;
    simulate_mock(script, [&](llm::mock::Server& server) -> Task<void> {
        Result<http::Response> response = co_await ask_mock(server, asked);
        EXPECT_TRUE(response) << response.error().message();
        if (response) answer.emplace(*std::move(response));
    });
    EXPECT_TRUE(answer.value().head.headers.contains("x-request-id"));
    return *std::move(answer);
}

/// The type and the data of each event.
inline std::vector<std::pair<std::string, std::string>> events_of(std::string_view body) {
    std::vector<std::pair<std::string, std::string>> events;
    http::SseParser parser;
    Bytes input = as_bytes(body);
    for (;;) {
        Result<http::SseEvent> event = parser.next(input);
        if (!event || event->kind != http::SseEvent::event) return events;
        events.emplace_back(event->type, event->data);
    }
}

inline bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

inline std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1))
        ++count;
    return count;
}

/// The text of one member of a JSON object, raw; empty where it has none.
inline std::string member_of(std::string_view json, std::string_view name) {
    auto members = llm::read_json_object(json);
    if (!members) return "";
    const llm::JsonMember* member = llm::find_member(*members, name);
    return member == nullptr ? "" : std::string(member->raw);
}

}  // namespace weir::test
