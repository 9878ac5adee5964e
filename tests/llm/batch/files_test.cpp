// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/batch/files.h>
#include <weir/llm/wire/json.h>
#include <weir/runtime/run.h>

#include "tests/llm/batch/folder.h"

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

using namespace weir;
using namespace weir::llm;
using weir::test::Folder;

namespace {

TEST(FilePrompt, FillsKnownNamesAndLeavesWhatWasFilledIn) {
    const auto prompt = FilePrompt::parse("{{file}}: {{text}} }} {{text}}");
    ASSERT_TRUE(prompt.has_value());
    EXPECT_EQ(prompt->fill("<{{file}}>", "f"), "f: <{{file}}> }} <{{file}}>");
    EXPECT_EQ(FilePrompt::parse("")->fill("t", "f"), "");
    EXPECT_EQ(FilePrompt::parse("{{text")->fill("t", "f"), "{{text");
}

TEST(FilePrompt, NamesTheNameThatIsNotKnown) {
    const auto prompt = FilePrompt::parse("{{text}} {{author}}");
    ASSERT_FALSE(prompt.has_value());
    EXPECT_NE(prompt.error().message().find("{{author}}"), std::string::npos);
}

TEST(FilesSource, MakesRequestsOfGoodFilesAndRefusesOthers) {
    const Folder folder;
    folder.write("a.txt", "\xEF\xBB\xBFgr\xC3\xBC\xC3\x9F \"x\"\n");
    folder.write("b.txt", "latin \xFC");
    folder.write("c.txt", std::string("nul\0", 4));
    folder.write("d.txt", std::string(FilesSource::kFileBytesMax + 1, 'x'));
    std::filesystem::create_directory(folder / "e.txt");
    std::filesystem::create_symlink("nowhere", folder / "f.txt");
    folder.write("g.txt", "");
    const auto source = FilesSource::make(folder / "*.txt", "{{text}}", "m");
    ASSERT_TRUE(source.has_value()) << source.error().message();
    ASSERT_EQ((*source)->size(), 7u);
    const std::vector<std::string> parts = {"",
                                            "not UTF-8 text: see its byte 7",
                                            "byte 4",
                                            "larger than",
                                            "regular file",
                                            "No such file",
                                            ""};
    for (std::size_t at = 0; at < parts.size(); ++at) {
        const std::string path = folder / (std::string(1, static_cast<char>('a' + at)) + ".txt");
        SCOPED_TRACE(path);
        const auto item = run((*source)->next());
        ASSERT_TRUE(item.has_value() && item->has_value());
        if (parts[at].empty()) {
            const auto& request = std::get<RequestLine>(**item);
            EXPECT_EQ(request.custom_id, path);
            if (at == 0) {
                EXPECT_NE(request.body.find("\"gr\xC3\xBC\xC3\x9F \\\"x\\\"\\n\""),
                          std::string::npos)
                    << request.body;
            }
        } else {
            const std::string& line = std::get<RefusedItem>(**item).error_line;
            EXPECT_TRUE(is_json(line));
            EXPECT_EQ(find_custom_id(line), path);
            EXPECT_NE(line.find(parts[at]), std::string::npos) << line;
        }
    }
    EXPECT_FALSE(run((*source)->next())->has_value());
}

TEST(FilesSource, RefusesAPatternThatNamesNothing) {
    const auto source = FilesSource::make("/nowhere/*.txt", "{{text}}", "m");
    ASSERT_FALSE(source.has_value());
    EXPECT_NE(source.error().message().find("/nowhere/*.txt"), std::string::npos);
    EXPECT_FALSE(FilesSource::make("/", "{{text}}", "").has_value());
}

}  // namespace
