// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/batch/reader.h>
#include <weir/llm/wire/json.h>
#include <weir/runtime/run.h>

#include "llm/batch/reader_ids.h"
#include "tests/support/splitter.h"

#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

using namespace weir;
using namespace weir::llm;

namespace {

static_assert(!std::is_aggregate_v<TextLine>);
static_assert(!std::is_aggregate_v<RefusedItem>);

std::string request(const std::string& id) {
    return R"({"custom_id":")" + id + R"(","body":{"model":"m","messages":[{}]}})";
}

/// What a splitter gives for pieces, each line as "NUMBER:TEXT", or "NUMBER!" if it was too long.
std::vector<std::string> split(test::Pieces& pieces, std::size_t line_bytes_max) {
    LineSplitter splitter(line_bytes_max);
    std::vector<std::string> lines;
    const auto take = [&] {
        while (const auto line = splitter.next()) {
            lines.push_back(std::to_string(line->number) +
                            (line->is_too_long ? "!" : ":" + std::string(line->text)));
        }
    };
    for (std::size_t index = 0; index < pieces.size(); ++index) {
        splitter.feed(pieces[index]);
        pieces.release(index);
        take();
    }
    splitter.end();
    take();
    return lines;
}

/// A pipe with `text` in it and its writing end closed.
class Input {
public:
    explicit Input(const std::string& text) {
        EXPECT_EQ(::pipe(ends_.data()), 0);
        EXPECT_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
        ::close(ends_[1]);
    }
    ~Input() { ::close(ends_[0]); }
    int fd() const { return ends_[0]; }

private:
    std::array<int, 2> ends_ = {};
};

/// All items of a text: the custom_id of a request, the whole line of one that was refused.
Task<std::vector<std::string>> read_all(RequestSource& source) {
    std::vector<std::string> seen;
    for (;;) {
        Result<std::optional<BatchItem>> item = co_await source.next();
        EXPECT_TRUE(item.has_value()) << item.error().message();
        if (!item || !*item) co_return seen;
        const auto* accepted = std::get_if<RequestLine>(&**item);
        seen.push_back(accepted != nullptr ? accepted->custom_id
                                           : std::get<RefusedItem>(**item).error_line);
    }
}

std::vector<std::string> items_of(const std::string& text, std::size_t line_bytes_max = 4096) {
    const Input input(text);
    JsonlSource source(input.fd(), "test", line_bytes_max);
    return run(read_all(source));
}

TEST(LineSplitter, GivesTheSameLinesForEveryCut) {
    const std::vector<std::string> expected = {"1:", "2:ab\r", "3:", "4:\xEF\xBB\xBF z", "5:end"};
    test::for_each_cut("\nab\r\n\n\xEF\xBB\xBF z\nend",
                       [&](test::Pieces& pieces) { EXPECT_EQ(split(pieces, 100), expected); });
}

TEST(LineSplitter, LastLineEndMakesNoEmptyLine) {
    const std::vector<std::string> expected = {"1:a", "2:b"};
    test::for_each_cut("a\nb\n",
                       [&](test::Pieces& pieces) { EXPECT_EQ(split(pieces, 100), expected); });
}

TEST(LineSplitter, DropsALongLineAndGoesOnBehindIt) {
    const std::vector<std::string> expected = {"1:1234", "2!", "3:6789", "4!"};
    test::for_each_cut("1234\n12345\n6789\n123456",
                       [&](test::Pieces& pieces) { EXPECT_EQ(split(pieces, 4), expected); });
}

TEST(LineSplitter, EmptyInputHasNoLine) {
    test::for_each_cut("", [](test::Pieces& pieces) { EXPECT_TRUE(split(pieces, 4).empty()); });
}

TEST(JsonlSource, SkipsBlanksAndTakesEveryFormOfLineEnd) {
    const auto items = items_of("\xEF\xBB\xBF" + request("a") + "\r\n\n  \r\n" + request("b") +
                                "\n" + request("c"));
    EXPECT_EQ(items, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(JsonlSource, RefusesBadLinesWithTheirNumber) {
    const auto items = items_of("nonsense\n\n{\"custom_id\":\"x\"}\n" + request("a") + "\n" +
                                "{\"body\":{\"messages\":[{}]}}\n" + std::string(5000, 'x') + "\n");
    ASSERT_EQ(items.size(), 5u);
    const auto expect_refused = [&](std::size_t at, const std::string& number,
                                    const std::string& part) {
        EXPECT_TRUE(is_json(items[at])) << items[at];
        EXPECT_NE(items[at].find("\"line\":" + number + "}"), std::string::npos) << items[at];
        EXPECT_NE(items[at].find(part), std::string::npos) << items[at];
    };
    expect_refused(0, "1", "not a request");
    expect_refused(1, "3", "\"custom_id\":\"x\"");
    EXPECT_EQ(items[2], "a");
    expect_refused(3, "5", "is missing");
    expect_refused(4, "6", "longer than 4096 bytes");
}

TEST(JsonlSource, RefusesACustomIdThatWasUsed) {
    const auto items = items_of(request("a") + "\n" + request("b") + "\n" + request("a") + "\n");
    ASSERT_EQ(items.size(), 3u);
    EXPECT_EQ(items[1], "b");
    EXPECT_NE(items[2].find("an earlier line has the same"), std::string::npos) << items[2];
    EXPECT_NE(items[2].find("\"line\":3"), std::string::npos) << items[2];
}

TEST(JsonlSource, ABadLineUsesNoCustomIdUp) {
    const auto items = items_of("{\"custom_id\":\"a\"}\n" + request("a") + "\n");
    ASSERT_EQ(items.size(), 2u);
    EXPECT_EQ(items[1], "a");
}

TEST(JsonlSource, WaitsForAPipeThatIsSlow) {
    std::array<int, 2> ends = {};
    ASSERT_EQ(::pipe(ends.data()), 0);
    JsonlSource source(ends[0], "test");
    const std::string text = request("a") + "\n" + request("b") + "\n";
    // Another thread writes byte by byte, so that many reads find the pipe empty or half a line.
    std::thread writer([&] {
        for (const char& byte : text)
            EXPECT_EQ(::write(ends[1], &byte, 1), 1);
        ::close(ends[1]);
    });
    EXPECT_EQ(run(read_all(source)), (std::vector<std::string>{"a", "b"}));
    writer.join();
    ::close(ends[0]);
}

TEST(JsonlSource, NamesTheFileThatIsNotThere) {
    const auto missing = JsonlSource::open("/nowhere/in.jsonl");
    ASSERT_FALSE(missing.has_value());
    EXPECT_NE(missing.error().message().find("/nowhere/in.jsonl"), std::string::npos);
    const auto folder = JsonlSource::open("/");
    ASSERT_FALSE(folder.has_value());
    EXPECT_EQ(folder.error(), std::errc::is_a_directory);
}

TEST(SeenIds, TellsNewFromKnownThroughEveryGrowth) {
    constexpr int kCount = 30'000;
    SeenIds seen;
    for (int id = 0; id < kCount; ++id)
        ASSERT_TRUE(seen.insert("id-" + std::to_string(id))) << id;
    for (int id = 0; id < kCount; ++id)
        ASSERT_FALSE(seen.insert("id-" + std::to_string(id))) << id;
    EXPECT_TRUE(seen.insert(""));
    EXPECT_FALSE(seen.insert(""));
    EXPECT_EQ(seen.size(), kCount + 1u);
}

TEST(SeenIds, NeverTakesMoreThanSixteenBytesForEach) {
    constexpr std::size_t kCount = 100'000;
    SeenIds seen;
    for (std::size_t id = 1; id <= kCount; ++id) {
        ASSERT_TRUE(seen.insert("request-" + std::to_string(id)));
        // A page may be begun, and room for the last entries' overflow is there from the start.
        ASSERT_LE(seen.bytes(), 16 * id + 16 * 1024) << id;
    }
    EXPECT_LE(seen.bytes(), 16 * kCount);
}

}  // namespace
