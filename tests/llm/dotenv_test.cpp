// SPDX-License-Identifier: MIT
#include <weir/llm/dotenv.h>

#include <gtest/gtest.h>

#include "tests/http/world.h"
#include "tests/llm/batch/folder.h"

#include <map>
#include <string>
#include <type_traits>
#include <vector>

using namespace weir;
using namespace weir::llm;

namespace {

static_assert(!std::is_aggregate_v<DotenvEntry> && !std::is_aggregate_v<SettledVariables>);

// "1 NAME=<value>" for each entry, or the error.
std::vector<std::string> read(std::string_view text) {
    const Result<std::vector<DotenvEntry>> entries = parse_dotenv(text);
    if (!entries) return {entries.error().message()};
    std::vector<std::string> all;
    for (const DotenvEntry& entry : *entries)
        all.push_back(std::to_string(entry.line) + " " + entry.name + "=<" + entry.value + ">");
    return all;
}

using Lines = std::vector<std::string>;

EnvironmentLookup environment_of(std::map<std::string, std::string, std::less<>> variables) {
    return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
    };
}

std::string refusal(EnvironmentLookup environment, std::string_view text) {
    const auto settled = settle_variables(std::move(environment), parse_dotenv(text).value());
    return settled ? "none" : settled.error().message();
}

TEST(Dotenv, ReadsPlainValues) {
    EXPECT_EQ(read("A=1\n  B = two words \t\nC=\nD=x"),
              (Lines{"1 A=<1>", "2 B=<two words>", "3 C=<>", "4 D=<x>"}));
    EXPECT_EQ(read(""), Lines{});
    EXPECT_EQ(read("A=b=c$D\\n\"q\""), Lines{"1 A=<b=c$D\\n\"q\">"});
}

TEST(Dotenv, SkipsCommentsAndEmptyLines) {
    EXPECT_EQ(read("# A=1\n\n \t# x\nA=1 # one\nB=a#b\nC= # none\nD='#' # q\nE=#f"),
              (Lines{"4 A=<1>", "5 B=<a#b>", "6 C=<>", "7 D=<#>", "8 E=<#f>"}));
}

TEST(Dotenv, ExportMayStandBeforeAName) {
    EXPECT_EQ(read("export A=1\n\texport\tB=2\nexport=3\nexportC=4"),
              (Lines{"1 A=<1>", "2 B=<2>", "3 export=<3>", "4 exportC=<4>"}));
}

TEST(Dotenv, DoubleQuotesHaveEscapes) {
    EXPECT_EQ(read(R"(A=" a\n\t\r\"\\\$\x\' ")"), Lines{"1 A=< a\n\t\r\"\\$\\x\\' >"});
}

TEST(Dotenv, SingleQuotesTakeAllAsItIs) {
    EXPECT_EQ(read(R"(A=' a\n"$B' )"), Lines{"1 A=< a\\n\"$B>"});
}

TEST(Dotenv, QuotedValuesHaveSeveralLines) {
    EXPECT_EQ(read("A=\"one\r\ntwo\n\" # end\nB='x\ny'\nC=3"),
              (Lines{"1 A=<one\ntwo\n>", "4 B=<x\ny>", "6 C=<3>"}));
}

TEST(Dotenv, ByteOrderMarkAndCrlfAreNoPartOfIt) {
    EXPECT_EQ(read("\xef\xbb\xbf"
                   "A=1\r\nB=\"2\"\r\n\r\nC=3 \r"),
              (Lines{"1 A=<1>", "2 B=<2>", "4 C=<3>"}));
}

TEST(Dotenv, ErrorsSayTheLineAndNoValue) {
    EXPECT_EQ(read("A=1\nsecret"), Lines{".env, line 2: a '=' was expected after the name secret"});
    EXPECT_EQ(read("A=1\n\n1B=secret"),
              Lines{".env, line 3: a name was expected: letters, digits and '_', no digit first"});
    EXPECT_EQ(read("A='x\ny'\nB=\"secret\n\n"),
              Lines{".env, line 3: the quote that begins the value of B has no end"});
    EXPECT_EQ(read("B=\"a\nb\"secret"),
              Lines{".env, line 2: text after the closing quote of B; put all of the value inside "
                    "the quotes"});
    EXPECT_EQ(read(std::string_view("A=1\0", 4)),
              Lines{".env, line 1: the file holds a NUL byte, so it is no text"});
    EXPECT_EQ(read("export"), Lines{".env, line 1: a '=' was expected after the name export"});
}

TEST(Dotenv, EveryBeginningOfAFileIsReadOrRefused) {
    const std::string text =
        "\xef\xbb\xbf# c\r\nexport A = \"x\\n\\\ny\" # d\r\nB='z' \r\nC=v #\r\n";
    for (std::size_t size = 0; size <= text.size(); ++size) {
        const std::string cut = text.substr(0, size);
        const Result<std::vector<DotenvEntry>> entries = parse_dotenv(cut);
        EXPECT_TRUE(entries || entries.error() == Errc::bad_argument) << size;
    }
    EXPECT_EQ(read(text), (Lines{"2 A=<x\n\\\ny>", "4 B=<z>", "5 C=<v>"}));
}

TEST(Dotenv, FileIsReadWhenAsked) {
    const test::Folder folder;
    folder.write(".env", "A=1\n");
    folder.write("bad.env", "A\n");
    http::alone([&]() -> Task<void> {
        const auto good = co_await read_dotenv(folder / ".env");
        EXPECT_TRUE(good && good->size() == 1 && good->front().name == "A");
        const auto bad = co_await read_dotenv(folder / "bad.env");
        EXPECT_EQ(bad.error().message(),
                  folder / "bad.env, line 1: a '=' was expected after the name A");
        const auto none = co_await read_dotenv(folder / "none.env");
        EXPECT_TRUE(none.error() == std::errc::no_such_file_or_directory);
    });
}

TEST(Dotenv, EnvironmentWinsAndEmptyCountsAsUnset) {
    const auto entries = parse_dotenv("A=file\nB=file\nC=first\nC=last").value();
    const auto settled =
        settle_variables(environment_of({{"A", "env"}, {"B", ""}, {"E", ""}}), entries).value();
    EXPECT_EQ(settled.find("A"), "env");
    EXPECT_EQ(settled.find("B"), "file");
    EXPECT_EQ(settled.find("C"), "last");
    EXPECT_EQ(settled.find("D"), std::nullopt);
    EXPECT_EQ(settled.find("E"), "");
}

TEST(Dotenv, FileNeverRedirectsAKeyOfTheEnvironment) {
    EXPECT_EQ(refusal(environment_of({{"OPENAI_API_KEY", "k"}}), "\nOPENAI_BASE_URL=http://x"),
              ".env, line 2: OPENAI_BASE_URL would send the OPENAI_API_KEY of the environment to "
              "an address of this file; set OPENAI_BASE_URL in the environment, or unset "
              "OPENAI_API_KEY there");
    const std::vector<std::pair<std::string, std::string>> pairs = {
        {"OPENAI_API_KEY", "OPENAI_BASE_URL"},
        {"OPENAI_API_KEY", "OPENAI_API_BASE"},
        {"ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"},
        {"ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"},
        {"AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT"}};
    for (const auto& [key, address] : pairs) {
        const std::string file = address + "=http://x\n";
        EXPECT_NE(refusal(environment_of({{key, "k"}}), file), "none") << key;
        // A key of the file's own changes nothing, since the environment's wins.
        EXPECT_NE(refusal(environment_of({{key, "k"}}), key + "=f\n" + file), "none") << key;
        // An empty address in the environment is none.
        EXPECT_NE(refusal(environment_of({{key, "k"}, {address, ""}}), file), "none") << key;
    }
}

TEST(Dotenv, FileMayAddressAKeyThatItBrings) {
    const std::string file = "OPENAI_API_KEY=f\nOPENAI_BASE_URL=http://x";
    EXPECT_EQ(refusal(environment_of({}), file), "none");
    EXPECT_EQ(refusal(environment_of({{"OPENAI_API_KEY", ""}}), file), "none");
    EXPECT_EQ(refusal(environment_of({{"ANTHROPIC_API_KEY", "k"}}), file), "none");
}

TEST(Dotenv, AddressOfTheEnvironmentIsWhereItsKeyGoes) {
    const auto entries = parse_dotenv("OPENAI_BASE_URL=http://file").value();
    const auto settled = settle_variables(
        environment_of({{"OPENAI_API_KEY", "k"}, {"OPENAI_BASE_URL", "http://env"}}), entries);
    ASSERT_TRUE(settled.has_value());
    EXPECT_EQ(settled->find("OPENAI_BASE_URL"), "http://env");
}

}  // namespace
