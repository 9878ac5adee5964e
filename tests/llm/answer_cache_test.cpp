// SPDX-License-Identifier: MIT
#include <weir/llm/answer_cache.h>

#include <gtest/gtest.h>
#include <weir/runtime/gather.h>

#include "llm/answer_cache_files.h"
#include "tests/http/world.h"
#include "tests/llm/batch/folder.h"

#include <chrono>
#include <filesystem>
#include <string>
#include <type_traits>
#include <vector>

using namespace weir;
using namespace weir::llm;
using http::alone;
namespace fs = std::filesystem;

namespace {

static_assert(!std::is_aggregate_v<AnswerCache> && !std::is_aggregate_v<AnswerCacheOptions>);

constexpr const char* kUrl = "http://localhost/v1/chat/completions";

Task<AnswerCache> opened(std::string folder, std::uint64_t bytes_max = 1 << 20) {
    const AnswerCacheOptions options = AnswerCacheOptions(std::move(folder)).bytes_max(bytes_max);
    Result<AnswerCache> cache = co_await AnswerCache::open(options);
    co_return std::move(cache).value();
}

std::string file_of(const std::string& folder, const std::string& body) {
    return folder + "/" + cache_files::name_of(kUrl, body);
}

std::size_t files_in(const std::string& folder) {
    std::size_t count = 0;
    for ([[maybe_unused]] const fs::directory_entry& file : fs::directory_iterator(folder))
        ++count;
    return count;
}

TEST(AnswerCache, GivesBackWhatWasStoredByteForByte) {
    const test::Folder folder;
    alone([&]() -> Task<void> {
        const std::string answer("{\"a\":\0\n\xff}", 9);
        {
            AnswerCache cache = co_await opened(folder / "c");
            const auto nothing = co_await cache.find(kUrl, "body");
            EXPECT_EQ(nothing, std::nullopt);
            const Result<void> stored = co_await cache.store(kUrl, "body", answer);
            EXPECT_TRUE(stored);
        }
        AnswerCache again = co_await opened(folder / "c");
        const auto found = co_await again.find(kUrl, "body");
        EXPECT_EQ(found, answer);
        const auto other_body = co_await again.find(kUrl, "body2");
        EXPECT_EQ(other_body, std::nullopt);
        const auto other_url = co_await again.find("http://other", "body");
        EXPECT_EQ(other_url, std::nullopt);
        EXPECT_EQ(again.bytes_kept(), fs::file_size(file_of(folder / "c", "body")));
    });
    EXPECT_EQ(files_in(folder / "c"), 1U) << "no temporary file is left";
    const fs::perms others = fs::perms::group_all | fs::perms::others_all;
    EXPECT_EQ(fs::status(folder / "c").permissions() & others, fs::perms::none);
    EXPECT_EQ(fs::status(file_of(folder / "c", "body")).permissions() & others, fs::perms::none);
}

TEST(AnswerCache, LaterAnswerTakesThePlaceOfTheEarlier) {
    const test::Folder folder;
    alone([&]() -> Task<void> {
        AnswerCache cache = co_await opened(folder / "c");
        const Result<void> first = co_await cache.store(kUrl, "b", "a long first answer");
        const Result<void> second = co_await cache.store(kUrl, "b", "second");
        EXPECT_TRUE(first && second);
        const auto found = co_await cache.find(kUrl, "b");
        EXPECT_EQ(found, "second");
        EXPECT_EQ(cache.bytes_kept(), fs::file_size(file_of(folder / "c", "b")));
    });
}

TEST(AnswerCache, DamagedFileIsAbsentAndRemoved) {
    const test::Folder folder;
    alone([&]() -> Task<void> {
        AnswerCache cache = co_await opened(folder / "c");
        const std::string file = "c/" + cache_files::name_of(kUrl, "b");
        const std::string good = cache_files::write_entry(kUrl, "b", "answer");
        for (std::size_t size = 0; size < good.size(); ++size) {
            folder.write(file, good.substr(0, size));
            const auto found = co_await cache.find(kUrl, "b");
            EXPECT_EQ(found, std::nullopt) << size;
            EXPECT_FALSE(fs::exists(folder / file)) << size;
        }
        for (std::size_t at = 0; at < good.size(); ++at) {
            std::string bad = good;
            bad[at] = static_cast<char>(bad[at] ^ 1);
            folder.write(file, bad);
            const auto found = co_await cache.find(kUrl, "b");
            EXPECT_EQ(found, std::nullopt) << at;
        }
        folder.write(file, good + "x");
        const auto longer = co_await cache.find(kUrl, "b");
        EXPECT_EQ(longer, std::nullopt);
        folder.write(file, good);
        const auto whole = co_await cache.find(kUrl, "b");
        EXPECT_EQ(whole, "answer");
    });
}

TEST(AnswerCache, FileOfAnotherCallIsAMissAndStays) {
    const test::Folder folder;
    alone([&]() -> Task<void> {
        AnswerCache cache = co_await opened(folder / "c");
        const std::string file = "c/" + cache_files::name_of(kUrl, "b");
        folder.write(file, cache_files::write_entry(kUrl, "collides", "answer"));
        const auto found = co_await cache.find(kUrl, "b");
        EXPECT_EQ(found, std::nullopt);
        EXPECT_TRUE(fs::exists(folder / file));
    });
}

TEST(AnswerCache, OldestFilesGoWhenThereIsTooMuch) {
    const test::Folder folder;
    alone([&]() -> Task<void> {
        AnswerCache cache = co_await opened(folder / "c", 4000);
        const auto now = fs::file_time_type::clock::now();
        folder.write("c/notes.txt", std::string(5000, 'n'));
        for (int age = 3; age >= 0; --age) {
            const std::string body = std::to_string(age);
            const Result<void> stored = co_await cache.store(kUrl, body, std::string(1000, 'x'));
            EXPECT_TRUE(stored);
            if (age == 0) break;
            fs::last_write_time(file_of(folder / "c", body), now - std::chrono::minutes(age));
        }
        EXPECT_LE(cache.bytes_kept(), 3500U);
        const auto oldest = co_await cache.find(kUrl, "3");
        EXPECT_EQ(oldest, std::nullopt);
        for (const char* body : {"2", "1", "0"}) {
            const auto kept = co_await cache.find(kUrl, body);
            EXPECT_TRUE(kept.has_value()) << body;
        }
        EXPECT_TRUE(fs::exists(folder / "c/notes.txt")) << "files of others stay";
    });
}

TEST(AnswerCache, AnswerThatIsTooLargeIsNotKept) {
    const test::Folder folder;
    alone([&]() -> Task<void> {
        AnswerCache cache = co_await opened(folder / "c", 1000);
        const Result<void> small = co_await cache.store(kUrl, "s", "small");
        const Result<void> large = co_await cache.store(kUrl, "l", std::string(1000, 'x'));
        EXPECT_TRUE(small && large);
        const auto found = co_await cache.find(kUrl, "l");
        EXPECT_EQ(found, std::nullopt);
        const auto kept = co_await cache.find(kUrl, "s");
        EXPECT_EQ(kept, "small");
    });
}

TEST(AnswerCache, TemporaryFilesThatWereLeftBehindGo) {
    const test::Folder folder;
    alone([&]() -> Task<void> {
        {
            AnswerCache cache = co_await opened(folder / "c");
        }
        folder.write("c/.answer-abcdef", "old");
        folder.write("c/.answer-ghijkl", "new");
        fs::last_write_time(folder / "c/.answer-abcdef",
                            fs::file_time_type::clock::now() - std::chrono::hours(2));
        AnswerCache cache = co_await opened(folder / "c");
        EXPECT_FALSE(fs::exists(folder / "c/.answer-abcdef"));
        EXPECT_TRUE(fs::exists(folder / "c/.answer-ghijkl")) << "somebody may be writing it";
        EXPECT_EQ(cache.bytes_kept(), 0U);
    });
}

TEST(AnswerCache, FolderThatCannotBeUsedIsAnErrorWithItsName) {
    const test::Folder folder;
    folder.write("file", "");
    alone([&]() -> Task<void> {
        for (const char* name : {"file", "missing/below"}) {
            const AnswerCacheOptions options(folder / name);
            const Result<AnswerCache> cache = co_await AnswerCache::open(options);
            EXPECT_FALSE(cache);
            if (cache) continue;
            EXPECT_NE(cache.error().message().find(folder / name), std::string::npos);
        }
        AnswerCache cache = co_await opened(folder / "c");
        fs::remove(folder / "c");
        const Result<void> stored = co_await cache.store(kUrl, "b", "answer");
        EXPECT_TRUE(!stored && stored.error() == std::errc::no_such_file_or_directory);
    });
}

Task<void> use(AnswerCache& cache, int number) {
    for (int round = 0; round < 5; ++round) {
        const std::string body = std::to_string(round);
        const std::string answer = body + " of " + std::to_string(number);
        const Result<void> stored = co_await cache.store(kUrl, body, answer);
        EXPECT_TRUE(stored);
        const std::optional<std::string> found = co_await cache.find(kUrl, body);
        EXPECT_TRUE(found && found->starts_with(body + " of "));
    }
}

TEST(AnswerCache, TasksOfRealThreadsShareIt) {
    const test::Folder folder;
    auto share = [&]() -> Task<void> {
        AnswerCache cache = co_await opened(folder / "c");
        std::vector<Task<void>> tasks;
        for (int number = 0; number < 8; ++number)
            tasks.push_back(use(cache, number));
        co_await gather(std::move(tasks));
        Result<std::uint64_t> counted = cache_files::open_folder(folder / "c");
        EXPECT_EQ(cache.bytes_kept(), counted.value());
    };
    run(share());
    EXPECT_EQ(files_in(folder / "c"), 5U);
}

TEST(AnswerCache, DeterministicIsZeroTemperatureOrASeedAndNoStream) {
    for (const char* body : {R"({"temperature":0})", R"({"temperature":0.0})",
                             R"({"temperature":-0e5,"stream":false})", R"({"seed":7})",
                             R"({"temperature":1,"seed":0})"})
        EXPECT_TRUE(is_deterministic(body)) << body;
    for (const char* body :
         {R"({})", R"({"temperature":0.1})", R"({"temperature":10})", R"({"temperature":null})",
          R"({"seed":null})", R"({"temperature":"0"})", R"({"temperature":0,"stream":true})",
          R"({"seed":7,"stream":true})", R"({"a":{"seed":7}})", "", "[0]", R"({"seed":7)"})
        EXPECT_FALSE(is_deterministic(body)) << body;
}

}  // namespace
