// SPDX-License-Identifier: MIT
//
// Twenty prompts, at most five of them at once: all tasks begin, and each waits for its turn. The
// permit goes back when it leaves its scope, also when the task fails or is cancelled.
#include <weir/llm/client.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sync/semaphore.h>

#include <cstdio>
#include <string>
#include <vector>

namespace llm = weir::llm;
using weir::Result;
using weir::Task;

Task<Result<void>> ask(llm::Client& client, weir::Semaphore& turns, int number) {
    const weir::Permit turn = co_await turns.acquire();
    const std::string prompt = "Tell me something about the number " + std::to_string(number);
    Result<llm::ChatAnswer> answer = co_await client.chat(llm::Chat(client.model()).user(prompt));
    if (!answer) co_return answer.error();
    std::printf("%2d: %s\n", number, answer->text.c_str());
    co_return Result<void>();
}

Task<Result<void>> ask_all() {
    Result<llm::Client> client = llm::Client::make(llm::ClientOptions::from_environment());
    if (!client) co_return client.error();

    weir::Semaphore turns(5);
    std::vector<Task<Result<void>>> tasks;
    for (int number = 1; number <= 20; ++number) {
        tasks.push_back(ask(*client, turns, number));
    }
    co_return co_await weir::gather(std::move(tasks));
}

int main() {
    const Result<void> done = weir::run(ask_all());
    if (!done) std::fprintf(stderr, "%s\n", done.error().message().c_str());
    return done ? 0 : 1;
}
