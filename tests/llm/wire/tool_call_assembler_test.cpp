// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/wire/json.h>
#include <weir/llm/wire/tool_call_assembler.h>
#include <algorithm>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

using namespace weir::llm;

namespace {

static_assert(!std::is_aggregate_v<ToolCallAssembler>);

using Index = std::optional<std::int64_t>;

ToolCallDelta piece(Index index, std::string id, std::string name, std::string arguments) {
    ToolCallDelta delta;
    delta.index = index;
    delta.id = std::move(id);
    delta.name = std::move(name);
    delta.arguments = std::move(arguments);
    return delta;
}

std::vector<ToolCall> calls_of(const std::vector<ToolCallDelta>& pieces) {
    ToolCallAssembler assembler;
    for (const ToolCallDelta& each : pieces)
        assembler.add(each);
    return assembler.calls();
}

const std::vector<ToolCall> kTwo = {ToolCall("a", "f", "{\"x\":1}"), ToolCall("b", "g", "{}")};

TEST(ToolCallAssembler, JoinsPiecesByIndex) {
    EXPECT_EQ(calls_of({piece(0, "a", "f", ""), piece(0, "", "", "{\"x\""), piece(1, "b", "g", ""),
                        piece(0, "", "", ":1}"), piece(1, "", "", "{}")}),
              kTwo);
}

TEST(ToolCallAssembler, WholeCallsNeedNoIndex) {
    EXPECT_EQ(calls_of({piece({}, "a", "f", "{\"x\":1}"), piece({}, "b", "g", "{}")}), kTwo);
}

TEST(ToolCallAssembler, PiecesWithoutIndexAndIdBelongToTheLastCall) {
    EXPECT_EQ(calls_of({piece({}, "a", "f", "{\"x\""), piece({}, "", "", ":1}"),
                        piece({}, "b", "g", ""), piece({}, "", "", "{}")}),
              kTwo);
}

TEST(ToolCallAssembler, ANewIdWithATakenIndexIsANewCall) {
    EXPECT_EQ(calls_of({piece(0, "a", "f", "{\"x\":1}"), piece(0, "b", "g", "{}")}), kTwo);
    EXPECT_EQ(calls_of({piece(0, "a", "f", "{\"x\""), piece(0, "", "", ":1}"),
                        piece(0, "b", "g", ""), piece(0, "", "", "{}")}),
              kTwo);
}

TEST(ToolCallAssembler, TheTailOfADisplacedCallMayHaveItsRightIndex) {
    EXPECT_EQ(
        calls_of({piece(0, "a", "f", "{\"x\":1}"), piece(0, "b", "g", "{"), piece(1, "", "", "}")}),
        kTwo);
}

TEST(ToolCallAssembler, AKnownIdWinsOverTheIndex) {
    EXPECT_EQ(calls_of({piece(0, "a", "f", "{\"x\""), piece(1, "b", "g", "{}"),
                        piece(1, "a", "f", ":1}")}),
              kTwo);
}

TEST(ToolCallAssembler, IdAndNameMayComeLate) {
    EXPECT_EQ(calls_of({piece(0, "", "", "{\"x\""), piece(0, "a", "", ":1}"), piece(0, "", "f", ""),
                        piece(1, "b", "g", "{}")}),
              kTwo);
}

TEST(ToolCallAssembler, CallsWithoutIdGetTheSameOneEachTime) {
    const std::vector<ToolCallDelta> pieces = {piece(0, "", "f", "{\"x\":1}"),
                                               piece(1, "", "f", "{\"x\":1}")};
    const std::vector<ToolCall> calls = calls_of(pieces);
    ASSERT_EQ(calls.size(), 2u);
    EXPECT_EQ(calls[0].id.size(), 9u);
    EXPECT_NE(calls[0].id, calls[1].id);
    EXPECT_EQ(calls, calls_of(pieces));
}

TEST(ToolCallAssembler, ANameAfterWholeArgumentsBeginsACallThatHasNoId) {
    for (const Index index : {Index(), Index(0)}) {
        const auto calls =
            calls_of({piece(index, "", "f", "{\"x\":1}"), piece(index, "", "f", "{\"x\""),
                      piece(index, "", "f", ":2}")});
        ASSERT_EQ(calls.size(), 2u);
        EXPECT_EQ(calls[0].arguments, "{\"x\":1}");
        EXPECT_EQ(calls[1].arguments, "{\"x\":2}");
    }
}

TEST(ToolCallAssembler, ArgumentsThatAreAnObjectReplaceThePieces) {
    ToolCallDelta whole = piece(0, "a", "f", "{\"x\":1}");
    whole.are_arguments_whole = true;
    EXPECT_EQ(calls_of({piece(0, "a", "f", "{\"x\""), whole})[0], kTwo[0]);
}

TEST(ToolCallAssembler, NoArgumentsAreAnEmptyObject) {
    EXPECT_EQ(calls_of({piece(0, "b", "g", "")})[0], kTwo[1]);
    EXPECT_EQ(calls_of({piece(0, "b", "g", " \n")})[0].arguments, "{}");
}

TEST(ToolCallAssembler, KeepsMembersThatMustGoBack) {
    ToolCallDelta first = piece(0, "a", "f", "{}");
    first.extra = R"("extra_content":{"google":{"thought_signature":"s"}})";
    ToolCallDelta second = piece(0, "", "", "");
    second.extra = R"("extra_content":2,"other":1)";
    EXPECT_EQ(calls_of({first, first})[0].extra, first.extra);
    EXPECT_EQ(calls_of({second, first})[0].extra, "\"other\":1," + first.extra);
}

// Pieces of several calls in any order that keeps the order within each call.
TEST(ToolCallAssembler, AnyOrderOfThePiecesGivesTheSameCalls) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        std::mt19937 random(seed);
        const auto below = [&](std::size_t count) {
            return random() % count;
        };
        std::vector<std::vector<ToolCallDelta>> queues;
        for (int call = 0; call < 4; ++call) {
            const std::string id = "id" + std::to_string(call);
            const std::string text = R"({"text":"a longer one","n":)" + std::to_string(seed) + "}";
            const bool repeats_id = below(2) == 0;
            auto& queue = queues.emplace_back();
            queue.push_back(piece(call, id, "f" + std::to_string(call), ""));
            for (std::size_t at = 0; at < text.size();) {
                const std::size_t size = 1 + below(9);
                const Index index = repeats_id && below(2) == 0 ? Index(0) : Index(call);
                queue.push_back(piece(index, repeats_id ? id : "", "", text.substr(at, size)));
                at += size;
            }
        }
        ToolCallAssembler assembler;
        while (!queues.empty()) {
            const std::size_t which = below(queues.size());
            assembler.add(queues[which].front());
            queues[which].erase(queues[which].begin());
            if (queues[which].empty()) queues.erase(queues.begin() + std::ptrdiff_t(which));
        }
        std::vector<ToolCall> calls = assembler.calls();
        std::ranges::sort(calls, {}, &ToolCall::id);
        ASSERT_EQ(calls.size(), 4u) << seed;
        for (const ToolCall& call : calls) {
            EXPECT_EQ(call.name, "f" + call.id.substr(2)) << seed;
            EXPECT_EQ(call.arguments,
                      R"({"text":"a longer one","n":)" + std::to_string(seed) + "}");
        }
    }
}

}  // namespace
