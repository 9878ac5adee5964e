// SPDX-License-Identifier: MIT
//
// weir's side of the benchmarks of the LLM client: calls and streams as a user makes them.
#include <weir/llm/client.h>
#include <weir/runtime/run.h>
#include <weir/runtime/task_group.h>

#include <string>

#include "bench/floor/http_bytes.h"
#include "bench/floor/stream_bytes.h"
#include "bench/groups.h"

namespace weir::bench {
namespace {

Result<llm::Client> make_client(std::size_t port) {
    const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/v1";
    return llm::Client::make(llm::ClientOptions().base_url(url));
}

llm::Chat question() {
    return llm::Chat("bench").user(floor::request_text());
}

Task<Result<void>> read_stream(llm::Client& client, std::size_t expected_bytes) {
    Result<llm::ChatStream> stream = co_await client.stream(question());
    if (!stream) co_return std::move(stream).error();
    std::size_t bytes = 0;
    for (;;) {
        Result<std::optional<llm::Delta>> delta = co_await stream->next();
        if (!delta) co_return std::move(delta).error();
        if (!*delta) break;
        bytes += (*delta)->text.size();
    }
    if (bytes != expected_bytes) co_return floor::strange_answer();
    co_return Result<void>();
}

Task<Result<Sample>> read_streams(llm::Client& client, std::size_t streams, std::size_t chunks) {
    const std::size_t expected_bytes = floor::text_bytes(chunks);
    const Usage usage;
    Result<void> done = co_await with_group([&](TaskGroup& group) -> Task<Result<void>> {
        for (std::size_t i = 0; i < streams; ++i)
            group.spawn(read_stream(client, expected_bytes));
        co_return Result<void>();
    });
    if (!done) co_return std::move(done).error();
    co_return usage.so_far();
}

Task<Result<Sample>> stream(std::size_t streams, std::size_t chunks, std::size_t port) {
    Result<llm::Client> client = make_client(port);
    if (!client) co_return std::move(client).error();
    co_return co_await read_streams(*client, streams, chunks);
}

Task<Result<void>> keep_chatting(llm::Client& client, std::size_t& left) {
    const std::string expected = floor::response_text();
    while (left > 0) {
        --left;
        Result<llm::ChatAnswer> answer = co_await client.chat(question());
        if (!answer) co_return std::move(answer).error();
        if (answer->text != expected) co_return floor::strange_answer();
    }
    co_return Result<void>();
}

Task<Result<void>> chat_often(llm::Client& client, std::size_t calls, std::size_t in_flight) {
    co_return co_await with_group([&](TaskGroup& group) -> Task<Result<void>> {
        for (std::size_t i = 0; i < in_flight; ++i)
            group.spawn(keep_chatting(client, calls));
        co_return Result<void>();
    });
}

Task<Result<Sample>> chat(std::size_t calls, std::size_t in_flight, std::size_t port) {
    Result<llm::Client> client = make_client(port);
    if (!client) co_return std::move(client).error();
    // The first use of each connection is not counted.
    Result<void> done = co_await chat_often(*client, in_flight, in_flight);
    if (!done) co_return std::move(done).error();
    const Usage usage;
    done = co_await chat_often(*client, calls, in_flight);
    if (!done) co_return std::move(done).error();
    co_return usage.so_far();
}

}  // namespace

// Arguments: how many streams, how many chunks each has, and the server's port.
Result<Sample> stream_weir(const Arguments& arguments) {
    raise_descriptor_limit();
    return run(stream(arguments.number(0), arguments.number(1), arguments.number(2)));
}

// Arguments: how many calls, how many at a time, and the server's port.
Result<Sample> chat_call_weir(const Arguments& arguments) {
    return run(chat(arguments.number(0), arguments.number(1), arguments.number(2)));
}

}  // namespace weir::bench
