// SPDX-License-Identifier: MIT
//
// A chain: a template, a model, and a function that reads its answer; run for many inputs, two at a
// time, with a result for each in the order of the inputs.
#include <weir/llm/chain.h>
#include <weir/llm/client.h>
#include <weir/llm/prompt.h>
#include <weir/runtime/run.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace llm = weir::llm;
using weir::Result;
using weir::Task;

int count_words(const std::string& text) {
    return static_cast<int>(std::count(text.begin(), text.end(), ' ')) + 1;
}

Task<Result<void>> tell_stories() {
    Result<llm::Client> client = llm::Client::make(llm::ClientOptions::from_environment());
    if (!client) co_return client.error();
    Result<llm::PromptTemplate> text =
        llm::PromptTemplate::parse("Tell a story about {topic} for {reader}.");
    if (!text) co_return text.error();

    // The chain owns its functions, so what they capture lives as long as it does.
    const auto model = [&client](std::string prompt) -> Task<Result<std::string>> {
        const llm::Chat chat = llm::Chat(client->model()).user(std::move(prompt));
        Result<llm::ChatAnswer> answer = co_await client->chat(chat);
        if (!answer) co_return answer.error();
        co_return std::move(answer->text);
    };
    auto story = llm::prompt_step(*std::move(text)).then(model).then(count_words);

    const std::vector<std::string> topics = {"a weir", "a heron", "an eel"};
    std::vector<llm::PromptValues> inputs;
    for (const std::string& topic : topics)
        inputs.push_back({{"topic", topic}, {"reader", "children"}});
    Result<std::vector<int>> words = co_await llm::map(story, std::move(inputs), 2);
    if (!words) co_return words.error();
    for (std::size_t i = 0; i < topics.size(); ++i)
        std::printf("%s: %d words\n", topics[i].c_str(), (*words)[i]);
    co_return Result<void>();
}

int main() {
    const Result<void> done = weir::run(tell_stories());
    if (!done) std::fprintf(stderr, "%s\n", done.error().message().c_str());
    return done ? 0 : 1;
}
