// SPDX-License-Identifier: MIT
//
// One answer, printed piece by piece as it comes. Whoever drops the stream half-way closes the
// connection, and the server stops generating.
#include <weir/llm/client.h>
#include <weir/runtime/run.h>

#include <cstdio>
#include <optional>

namespace llm = weir::llm;
using weir::Result;
using weir::Task;

Task<Result<void>> tell_a_story() {
    Result<llm::Client> client = llm::Client::make(llm::ClientOptions::from_environment());
    if (!client) co_return client.error();

    const llm::Chat chat =
        llm::Chat(client->model()).system("Be brief.").user("Tell me a story about a weir.");
    Result<llm::ChatStream> stream = co_await client->stream(chat);
    if (!stream) co_return stream.error();

    for (;;) {
        Result<std::optional<llm::Delta>> delta = co_await stream->next();
        if (!delta) co_return delta.error();
        if (!*delta) break;  // the answer is whole
        std::fputs((*delta)->text.c_str(), stdout);
        std::fflush(stdout);
    }
    std::puts("");
    co_return Result<void>();
}

int main() {
    const Result<void> done = weir::run(tell_a_story());
    if (!done) std::fprintf(stderr, "\n%s\n", done.error().message().c_str());
    return done ? 0 : 1;
}
