// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/batch/runner_files.h>

#include "tests/llm/batch/folder.h"

#include <filesystem>
#include <system_error>

using namespace weir;
using namespace weir::llm;
using weir::test::Folder;

namespace {

TEST(BatchFiles, ErrorFileIsMadeWithItsFirstLine) {
    const Folder folder;
    auto files = BatchFiles::create(folder / "out.jsonl", folder / "err.jsonl");
    ASSERT_TRUE(files.has_value()) << files.error().message();
    EXPECT_TRUE((*files)->write_output("1").has_value());
    EXPECT_EQ(folder.read("out.jsonl"), "1\n");
    EXPECT_FALSE(std::filesystem::exists(folder / "err.jsonl"));
    EXPECT_FALSE((*files)->has_errors());
    EXPECT_TRUE((*files)->write_error("2").has_value());
    EXPECT_TRUE((*files)->write_error("3").has_value());
    EXPECT_TRUE((*files)->close().has_value());
    EXPECT_TRUE((*files)->has_errors());
    EXPECT_EQ(folder.read("err.jsonl"), "2\n3\n");
}

TEST(BatchFiles, NothingIsOverwritten) {
    const Folder folder;
    folder.write("old.jsonl", "old");
    auto output = BatchFiles::create(folder / "old.jsonl", folder / "new.jsonl");
    ASSERT_FALSE(output.has_value());
    EXPECT_EQ(output.error(), std::errc::file_exists);
    EXPECT_NE(output.error().message().find("old.jsonl"), std::string::npos);
    auto errors = BatchFiles::create(folder / "new.jsonl", folder / "old.jsonl");
    ASSERT_FALSE(errors.has_value());
    EXPECT_FALSE(std::filesystem::exists(folder / "new.jsonl"));
    EXPECT_FALSE(BatchFiles::create(folder / "new.jsonl", folder / "new.jsonl").has_value());
    EXPECT_EQ(folder.read("old.jsonl"), "old");
}

TEST(BatchFiles, ErrorsGoBesideTheOutput) {
    EXPECT_EQ(default_error_path("a/out.jsonl"), "a/out.errors.jsonl");
    EXPECT_EQ(default_error_path("out"), "out.errors");
    EXPECT_EQ(default_error_path(".jsonl"), ".jsonl.errors");
}

}  // namespace
