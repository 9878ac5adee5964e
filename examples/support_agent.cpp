// SPDX-License-Identifier: MIT
//
// An agent with two functions: the model asks for them, they are called, it is told what they gave,
// and so on until it has an answer for the customer.
#include <weir/llm/client.h>
#include <weir/llm/toolbox.h>
#include <weir/llm/wire/json.h>
#include <weir/runtime/run.h>

#include <cstdio>
#include <string>
#include <utility>

namespace llm = weir::llm;
using weir::Result;
using weir::Task;

constexpr const char* kOrder =
    R"({"type":"object","properties":{"order":{"type":"string"}},"required":["order"]})";

// The arguments keep to the schema: the toolbox has seen to that.
std::string order_in(const std::string& arguments) {
    const auto members = llm::read_json_object(arguments);
    return llm::json_string_text(llm::find_member(*members, "order")->raw);
}

Task<Result<std::string>> find_order(std::string arguments) {
    std::printf("looked up %s\n", order_in(arguments).c_str());
    co_return R"({"status":"on its way","days":2})";
}

Task<Result<std::string>> refund(std::string arguments) {
    std::printf("refunded %s\n", order_in(arguments).c_str());
    co_return R"({"refunded":true})";
}

Task<Result<void>> help(std::string question) {
    Result<llm::Client> client = llm::Client::make(llm::ClientOptions::from_environment());
    if (!client) co_return client.error();

    llm::Toolbox tools;
    Result<void> added =
        tools.add(llm::Tool("find_order", "Where an order is.", kOrder), find_order);
    if (added) added = tools.add(llm::Tool("refund", "Gives the money back.", kOrder), refund);
    if (!added) co_return added;

    llm::Chat chat(client->model());
    chat.system("You help the customers of a shop.").user(std::move(question));
    Result<llm::Conversation> talk = co_await llm::converse(*client, tools, std::move(chat));
    if (!talk) co_return talk.error();
    std::printf("%s\nthe model was asked %d times, for %lld tokens\n", talk->answer.text.c_str(),
                talk->rounds, static_cast<long long>(talk->usage.total_tokens));
    co_return Result<void>();
}

int main() {
    // A model would find out by itself what to call; the mock server is told.
    const Result<void> done = weir::run(help(R"(call find_order({"order":"A7"}))"));
    if (!done) std::fprintf(stderr, "%s\n", done.error().message().c_str());
    return done ? 0 : 1;
}
