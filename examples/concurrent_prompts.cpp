// SPDX-License-Identifier: MIT
//
// Three prompts at once, on one thread. gather() gives the answers in the order of the prompts; the
// first failure would cancel the others.
#include <weir/llm/client.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/run.h>

#include <cstdio>
#include <vector>

namespace llm = weir::llm;
using weir::Result;
using weir::Task;

Task<Result<void>> ask_all() {
    Result<llm::Client> client = llm::Client::make(llm::ClientOptions::from_environment());
    if (!client) co_return client.error();

    std::vector<Task<Result<llm::ChatAnswer>>> calls;
    for (const char* prompt : {"Why is the sky blue?", "Why is grass green?", "Why is it night?"}) {
        calls.push_back(client->chat(llm::Chat(client->model()).user(prompt)));
    }
    Result<std::vector<llm::ChatAnswer>> answers = co_await weir::gather(std::move(calls));
    if (!answers) co_return answers.error();

    for (const llm::ChatAnswer& answer : *answers) {
        std::printf("%s\n", answer.text.c_str());
    }
    co_return Result<void>();
}

int main() {
    const Result<void> done = weir::run(ask_all());
    if (!done) std::fprintf(stderr, "%s\n", done.error().message().c_str());
    return done ? 0 : 1;
}
