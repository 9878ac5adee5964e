// SPDX-License-Identifier: MIT
//
// A limit on a call. When time is up the call is destroyed where it waits, which closes its
// connection, and only then does the program go on: nothing is left running.
#include <weir/llm/client.h>
#include <weir/runtime/run.h>
#include <weir/runtime/timeout.h>

#include <chrono>
#include <cstdio>

namespace llm = weir::llm;
using weir::Result;
using weir::Task;

Task<Result<void>> ask_in_time() {
    Result<llm::Client> client = llm::Client::make(llm::ClientOptions::from_environment());
    if (!client) co_return client.error();

    for (const int milliseconds : {10'000, 50}) {
        const auto limit = std::chrono::milliseconds(milliseconds);
        const llm::Chat chat = llm::Chat(client->model()).user("What is the meaning of it all?");
        Result<llm::ChatAnswer> answer = co_await weir::timeout(limit, client->chat(chat));
        if (answer) {
            std::printf("within %d ms: %s\n", milliseconds, answer->text.c_str());
        } else if (answer.error() == weir::Error::timed_out) {
            std::printf("no answer within %d ms\n", milliseconds);
        } else {
            co_return answer.error();
        }
    }
    co_return Result<void>();
}

int main() {
    const Result<void> done = weir::run(ask_in_time());
    if (!done) std::fprintf(stderr, "%s\n", done.error().message().c_str());
    return done ? 0 : 1;
}
