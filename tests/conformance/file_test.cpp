// SPDX-License-Identifier: MIT
//
// Files on every backend: io_uring does the calls itself, the others use the pool of threads.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <weir/runtime/file.h>
#include <weir/runtime/gather.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tests/conformance/backends.h"
#include "tests/support/temporary_folder.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<File>);

class FileConformance : public Conformance {
protected:
    const std::string& path() const { return path_; }
    void put(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }
    std::string content() const {
        std::ostringstream text;
        text << std::ifstream(path_, std::ios::binary).rdbuf();
        return text.str();
    }

private:
    TemporaryFolder folder_;
    std::string path_ = folder_.path_to("file");
};
INSTANTIATE_TEST_SUITE_P(Backends, FileConformance, all_backends(), backend_name);

MutableBytes as_memory(std::string& text) {
    return MutableBytes(reinterpret_cast<std::byte*>(text.data()), text.size());
}

TEST_P(FileConformance, WhatWasWrittenIsReadBack) {
    const std::string text = pattern(300'000);
    run_here([&]() -> Task<void> {
        const Result<File> made = co_await File::create(path());
        const File& file = made.value();
        const Result<void> written = co_await file.write_at(0, as_bytes(text));
        EXPECT_TRUE(written);
        const Result<void> synced = co_await file.sync();
        EXPECT_TRUE(synced);
        std::string got(text.size(), '?');
        const Result<std::size_t> count = co_await file.read_at(0, as_memory(got));
        EXPECT_EQ(count.value(), text.size());
        EXPECT_TRUE(got == text);
        const Result<std::uint64_t> size = co_await file.size();
        EXPECT_EQ(size.value(), text.size());
    });
    EXPECT_TRUE(content() == text);
}

TEST_P(FileConformance, OffsetsAreKept) {
    put("0123456789");
    run_here([&]() -> Task<void> {
        const Result<File> file = co_await File::open(path(), FileMode::read_write);
        const Result<void> written = co_await file.value().write_at(3, as_bytes("abc"));
        EXPECT_TRUE(written);
        std::string got(4, '?');
        const Result<std::size_t> count = co_await file->read_at(2, as_memory(got));
        EXPECT_EQ(count.value(), 4u);
        EXPECT_EQ(got, "2abc");
    });
    EXPECT_EQ(content(), "012abc6789");
}

TEST_P(FileConformance, AReadPastTheEndGivesWhatThereIs) {
    put("short");
    run_here([&]() -> Task<void> {
        const Result<File> file = co_await File::open(path());
        std::string got(100, '?');
        const Result<std::size_t> part = co_await file.value().read_at(1, as_memory(got));
        EXPECT_EQ(part.value(), 4u);
        EXPECT_EQ(got.substr(0, 5), "hort?");
        const Result<std::size_t> nothing = co_await file->read_at(5, as_memory(got));
        EXPECT_EQ(nothing.value(), 0u);
        const Result<std::size_t> far = co_await file->read_at(1u << 30, as_memory(got));
        EXPECT_EQ(far.value(), 0u);
    });
}

TEST_P(FileConformance, ReadAllHasALimit) {
    put(pattern(10'000));
    run_here([&]() -> Task<void> {
        const Result<std::string> all = co_await read_file(path(), 10'000);
        EXPECT_TRUE(all.value() == pattern(10'000));
        const Result<std::string> cut = co_await read_file(path(), 9'999);
        EXPECT_FALSE(cut);
        if (!cut) {
            EXPECT_EQ(cut.error(), Error::limit_reached);
            EXPECT_NE(cut.error().message().find(path()), std::string::npos);
        }
    });
}

TEST_P(FileConformance, ReadAllReadsFilesThatSayTheyAreEmpty) {
    run_here([]() -> Task<void> {
        const Result<std::string> text = co_await read_file("/proc/self/status", 1 << 20);
        EXPECT_NE(text.value().find("Pid:"), std::string::npos);
    });
}

TEST_P(FileConformance, CreateEmptiesAndCreateNewRefuses) {
    put("old content");
    run_here([&]() -> Task<void> {
        const Result<File> refused = co_await File::create_new(path());
        EXPECT_FALSE(refused);
        if (!refused) {
            EXPECT_EQ(refused.error(), std::errc::file_exists);
        }
        const Result<void> written = co_await write_file(path(), as_bytes("new"));
        EXPECT_TRUE(written);
    });
    EXPECT_EQ(content(), "new");
}

TEST_P(FileConformance, ErrorsNameThePath) {
    run_here([&]() -> Task<void> {
        const Result<File> missing = co_await File::open(path());
        EXPECT_FALSE(missing);
        if (!missing) {
            EXPECT_EQ(missing.error(), std::errc::no_such_file_or_directory);
            EXPECT_NE(missing.error().message().find(path()), std::string::npos);
        }
        put("text");
        const Result<File> read_only = co_await File::open(path());
        const Result<void> written = co_await read_only.value().write_at(0, as_bytes("x"));
        EXPECT_FALSE(written);
        if (!written) {
            EXPECT_EQ(written.error(), std::errc::bad_file_descriptor);
            EXPECT_NE(written.error().message().find(path()), std::string::npos);
        }
        std::string got(1, '?');
        const std::uint64_t beyond = ~std::uint64_t(0);
        const Result<std::size_t> count = co_await read_only->read_at(beyond, as_memory(got));
        EXPECT_FALSE(count);
    });
}

TEST_P(FileConformance, ManyTasksReadOneFile) {
    const std::string text = pattern(64 * 1024);
    put(text);
    const auto check = [](const File& file, const std::string& all, std::size_t at) -> Task<void> {
        std::string got(1024, '?');
        const Result<std::size_t> count = co_await file.read_at(at, as_memory(got));
        EXPECT_EQ(count.value(), 1024u);
        EXPECT_TRUE(got == all.substr(at, 1024)) << at;
    };
    run_here([&]() -> Task<void> {
        const Result<File> file = co_await File::open(path());
        std::vector<Task<void>> tasks;
        for (std::size_t at = 0; at < text.size(); at += 1024)
            tasks.push_back(check(file.value(), text, at));
        co_await gather(std::move(tasks));
    });
}

TEST_P(FileConformance, AFileMayBeClosedWhileATaskReads) {
    const std::string text = pattern(1 << 20);
    put(text);
    const auto read = [](Task<Result<std::size_t>> reading, std::size_t& got) -> Task<void> {
        const Result<std::size_t> count = co_await std::move(reading);
        got = count.value();
    };
    run_here([&]() -> Task<void> {
        Result<File> file = co_await File::open(path());
        std::string first(text.size(), '?');
        std::size_t got = 0;
        Unit reader(read(file.value().read_at(0, as_memory(first)), got));
        co_await yield();
        file->close();
        EXPECT_FALSE(file->is_open());
        co_await reader.join();
        EXPECT_EQ(got, text.size());
        EXPECT_TRUE(first == text);
    });
}

// The memory lies in the cancelled task's own frame: a frame that dies too soon shows in builds
// with AddressSanitizer, and in the checks of the operation's destructor.
TEST_P(FileConformance, ACancelledReadLetsGoOfItsMemoryFirst) {
    put(pattern(200'000));
    const auto read = [](const File& file) -> Task<void> {
        std::vector<std::byte> memory(200'000);
        for (;;) {
            const Result<std::size_t> count = co_await file.read_at(0, MutableBytes(memory));
            EXPECT_EQ(count.value(), memory.size());
        }
    };
    run_here([&]() -> Task<void> {
        const Result<File> file = co_await File::open(path());
        for (int round = 0; round < 50; ++round) {
            Unit reader(read(file.value()));
            co_await yield_times(1 + round % 5);
            // Virtual time stands still while a task is ready, and that reader always is.
            if (round % 3 == 0 && !is_simulated()) co_await sleep_for(1ms);
            reader.cancel();
            while (!reader.has_ended())
                co_await yield();
            EXPECT_TRUE(reader.was_unwound());
        }
    });
}

TEST_P(FileConformance, ACancelledOpenLeavesNoDescriptor) {
    put("text");
    const auto open = [](std::string where) -> Task<void> {
        const Result<File> file = co_await File::open(std::move(where));
        co_await sleep_for(1h);
    };
    run_here([&]() -> Task<void> {
        for (int round = 0; round < 20; ++round) {
            Unit opener(open(path()));
            co_await yield_times(1 + round % 5);
            opener.cancel();
            co_await opener.join();
            EXPECT_TRUE(opener.was_unwound());
        }
    });
}

// Opening one end of a pipe waits for the other, which may never come.
TEST_P(FileConformance, APipeIsRefusedAndNotWaitedFor) {
    ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
    run_here([&]() -> Task<void> {
        const Result<std::string> text = co_await read_file(path(), 100);
        EXPECT_TRUE(!text && text.error() == Errc::bad_argument);
        EXPECT_NE(text.error().message().find(path()), std::string::npos);
    });
}

}  // namespace
