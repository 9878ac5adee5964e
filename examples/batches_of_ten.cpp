// SPDX-License-Identifier: MIT
//
// Thirty prompts in batches of ten, with a pause between the batches: the plainest way to stay
// below a limit of requests per minute. semaphore.cpp wastes less time.
#include <weir/llm/client.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace llm = weir::llm;
using weir::Result;
using weir::Task;

Task<Result<void>> ask_in_batches() {
    Result<llm::Client> client = llm::Client::make(llm::ClientOptions::from_environment());
    if (!client) co_return client.error();

    for (int batch = 0; batch < 3; ++batch) {
        if (batch > 0) co_await weir::sleep_for(std::chrono::milliseconds(500));

        std::vector<Task<Result<llm::ChatAnswer>>> calls;
        for (int i = 0; i < 10; ++i) {
            const std::string prompt = "Translate the number " + std::to_string(10 * batch + i);
            calls.push_back(client->chat(llm::Chat(client->model()).user(prompt)));
        }
        Result<std::vector<llm::ChatAnswer>> answers = co_await weir::gather(std::move(calls));
        if (!answers) co_return answers.error();

        std::printf("batch %d:\n", batch + 1);
        for (const llm::ChatAnswer& answer : *answers) {
            std::printf("    %s\n", answer.text.c_str());
        }
    }
    co_return Result<void>();
}

int main() {
    const Result<void> done = weir::run(ask_in_batches());
    if (!done) std::fprintf(stderr, "%s\n", done.error().message().c_str());
    return done ? 0 : 1;
}
