// SPDX-License-Identifier: MIT
//
// The rules of the house as tests: they read the sources and name each line that breaks a rule.
// What a compiler or clang-format can check is not here.
#include <gtest/gtest.h>

#include "tests/tidy/await_scan.h"
#include "tests/tidy/source_tree.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace weir::tidy;

constexpr std::size_t kColumnsMax = 100;
constexpr std::size_t kLinesMax = 400;

std::size_t columns(std::string_view line) {
    return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u;  // not inside a UTF-8 sequence
    }));
}

struct Floor {
    std::string_view folder;
    std::vector<std::string_view> reaches;  // besides itself
    bool is_pure;                           // no system, no coroutine, no clock
};

const std::vector<Floor>& floors() {  // a folder within another one comes first
    static const std::vector<Floor> list = {
        {"runtime/base", {}, true},
        {"runtime", {"runtime/base"}, false},
        {"http/wire", {"runtime/base"}, true},
        {"http", {"http/wire", "runtime", "runtime/base"}, false},
        {"llm/wire", {"http/wire", "runtime/base"}, true},
        {"llm", {"llm/wire", "http", "http/wire", "runtime", "runtime/base"}, false},
    };
    return list;
}

const Floor* floor_of(std::string_view path) {
    for (const Floor& floor : floors()) {
        if (path.starts_with(std::string(floor.folder) + "/")) return &floor;
    }
    return nullptr;
}

TEST(Tidy, LinesAreClean) {
    for (const auto& [path, file] : tree()) {
        if (path.ends_with("/package-lock.json")) continue;  // as npm writes it
        for (std::size_t at = 0; at < file.lines.size(); ++at) {
            const std::string& line = file.lines[at];
            const std::string where = path + ":" + std::to_string(at + 1);
            // In prose, neither an address nor a row of a table can be broken in two.
            const bool may_be_long = file.has_extension(".md") &&
                                     (line.find("://") != line.npos || line.starts_with('|'));
            EXPECT_TRUE(may_be_long || columns(line) <= kColumnsMax) << where << ": too long";
            EXPECT_EQ(line.find('\t'), line.npos) << where << ": has a tab";
            EXPECT_FALSE(line.ends_with(' ') || line.ends_with('\r')) << where << ": blank at end";
        }
    }
}

TEST(Tidy, NoMarkersAreLeft) {
    // Put together here, so that this file does not find itself.
    const std::array<std::string, 3> markers = {std::string("TO") + "DO", std::string("FIX") + "ME",
                                                std::string("XX") + "X"};
    for (const auto& [path, file] : tree()) {
        for (const std::string& marker : markers) {
            const std::size_t found = file.text.find(marker);
            EXPECT_EQ(found, std::string::npos) << place(file, std::min(found, file.text.size()));
        }
    }
}

TEST(Tidy, FilesHaveTheirHeadAndSize) {
    for (const auto& [path, file] : tree()) {
        if (!file.is_cpp()) continue;
        EXPECT_LE(file.lines.size(), kLinesMax) << path << ": look for a seam";
        EXPECT_TRUE(!file.lines.empty() && file.lines[0] == "// SPDX-License-Identifier: MIT")
            << path << ": must begin with the SPDX line";
        if (!file.is_header()) continue;
        EXPECT_TRUE(file.lines.size() > 2 && file.lines[1] == "//" &&
                    file.lines[2].starts_with("// "))
            << path << ": a header says what it is, after its SPDX line and an empty comment line";
        EXPECT_NE(file.text.find("\n#pragma once\n"), std::string::npos) << path;
    }
}

TEST(Tidy, PublicHeadersShowOnlyPublicThings) {
    static constexpr std::array<std::string_view, 6> kHidden = {"liburing", "openssl/",  "zlib",
                                                                "simdjson", "sys/epoll", "CLI/"};
    for (const std::string& path : public_headers()) {
        ASSERT_TRUE(tree().contains(path)) << path << " is declared public, and is not there";
        for (const Include& include : includes_of(tree().at(path))) {
            const std::string where = path + ":" + std::to_string(include.line);
            EXPECT_FALSE(include.is_quoted) << where << ": a public header uses no quotes";
            for (std::string_view hidden : kHidden) {
                EXPECT_FALSE(include.target.starts_with(hidden)) << where << ": " << hidden;
            }
        }
    }
}

TEST(Tidy, IncludesFollowTheFloors) {
    for (const auto& [path, file] : tree()) {
        if (!file.is_cpp()) continue;
        const Floor* own = floor_of(path);
        for (const Include& include : includes_of(file)) {
            const std::string target = include.path();
            if (target.empty()) continue;
            const std::string where = path + ":" + std::to_string(include.line) + ": " + target;
            EXPECT_TRUE(tree().contains(target)) << where << " is no file from the root";
            if (!include.is_quoted) {
                EXPECT_TRUE(public_headers().contains(target)) << where << " is not public: quotes";
            }
            if (own == nullptr) continue;
            const Floor* other = floor_of(target);
            ASSERT_NE(other, nullptr) << where << " belongs to no library";
            EXPECT_TRUE(other == own ||
                        std::count(own->reaches.begin(), own->reaches.end(), other->folder) != 0)
                << where << ": " << own->folder << " may not use " << other->folder;
            EXPECT_TRUE(other == own || !include.is_quoted) << where << " is private to its folder";
        }
    }
}

TEST(Tidy, PureFoldersStayPure) {
    static constexpr std::array<std::string_view, 6> kImpure = {"co_await",
                                                                "::now()",
                                                                "#include <sys/",
                                                                "#include <netinet/",
                                                                "#include <unistd.h>",
                                                                "#include <thread>"};
    for (const auto& [path, file] : tree()) {
        const Floor* own = floor_of(path);
        if (!file.is_cpp() || own == nullptr || !own->is_pure) continue;
        for (std::string_view impure : kImpure) {
            const std::size_t found = file.code.find(impure);
            EXPECT_EQ(found, std::string::npos)
                << place(file, std::min(found, file.text.size())) << ": " << impure;
        }
    }
}

TEST(Tidy, IncludesFormNoCycle) {
    std::set<std::string> done;
    Lines open;
    const std::function<void(const std::string&)> visit = [&](const std::string& path) {
        if (done.contains(path) || !tree().contains(path)) return;
        const auto again = std::find(open.begin(), open.end(), path);
        if (again != open.end()) {
            std::string cycle;
            for (auto at = again; at != open.end(); ++at)
                cycle += *at + " -> ";
            ADD_FAILURE() << cycle << path;
            return;
        }
        open.push_back(path);
        for (const Include& include : includes_of(tree().at(path)))
            visit(include.path());
        open.pop_back();
        done.insert(path);
    };
    for (const auto& [path, file] : tree()) {
        if (file.is_cpp()) visit(path);
    }
}

TEST(Tidy, FindsTheAwaitsThatAreNotSafe) {
    const auto is_found = [](const std::string& code) {
        return dangerous_temporary(code_only(code), code.find("co_await") + 8).has_value();
    };
    EXPECT_TRUE(is_found("co_await send(Options{1, name});"));
    EXPECT_TRUE(is_found("co_await send({1, name});"));
    EXPECT_TRUE(is_found("co_await Options{};"));
    EXPECT_TRUE(is_found("co_await offload([text] { return text; });"));
    EXPECT_TRUE(is_found("co_await offload(1, [&a, b = std::move(c)] { return b; });"));

    EXPECT_FALSE(is_found("if (co_await read(list[i])) { use(Options{1}); }"));
    EXPECT_FALSE(is_found("co_await with_group([&](TaskGroup& g) -> Task<void> { g.x({1}); });"));
    EXPECT_FALSE(is_found("co_await offload([this, &text] { return text; });"));
    EXPECT_FALSE(is_found("co_await say(\"{\", '{', R\"({)\", 1'000 /* { */);"));
    EXPECT_FALSE(is_found("auto x = co_await a; f(Options{1});"));
}

TEST(Tidy, FindsTheAwaitsThatAConditionChooses) {
    const auto is_found = [](const std::string& code) {
        return is_chosen_by_a_condition(code, code.find("co_await"));
    };
    EXPECT_TRUE(is_found("Result<void> r = is(x) ? co_await a() : b;"));
    EXPECT_TRUE(is_found("r = x ? f(1, 2) : co_await b();"));

    EXPECT_FALSE(is_found("r = x ? a : b; co_await c();"));
    EXPECT_FALSE(is_found("f(x ? a : b, co_await c());"));
    EXPECT_FALSE(is_found("if (f(x ? a : b)) co_await c();"));
    EXPECT_FALSE(is_found("case 1: co_await c();"));
}

TEST(Tidy, AwaitsAreSafeWithTheOldestCompiler) {
    for (const auto& [path, file] : tree()) {
        for (std::size_t at = file.code.find("co_await"); at != std::string::npos;
             at = file.code.find("co_await", at + 8)) {
            if (at >= 9 && file.code.compare(at - 9, 9, "operator ") == 0) continue;
            const auto found = dangerous_temporary(file.code, at + 8);
            EXPECT_FALSE(found.has_value())
                << place(file, *found) << ": g++ 12 destroys this twice: name it before the await";
            EXPECT_FALSE(is_chosen_by_a_condition(file.code, at))
                << place(file, at)
                << ": g++ 12 destroys this twice: choose the task, then await it";
        }
    }
}

// A program in a document is one that is built and run: the comment before it names its source.
TEST(Tidy, ProgramsInDocumentsAreTheirSources) {
    const std::string comment = "<!-- examples/";
    const std::string fence = " -->\n```cpp\n";
    std::size_t programs = 0;
    for (const auto& [path, file] : tree()) {
        if (!file.has_extension(".md")) continue;
        for (std::size_t at = file.text.find(comment); at != std::string::npos;
             at = file.text.find(comment, at + 1)) {
            const std::size_t name = at + 5;
            const std::size_t name_end = file.text.find(fence, name);
            ASSERT_NE(name_end, std::string::npos) << place(file, at) << ": no program follows";
            const std::size_t program = name_end + fence.size();
            const std::size_t program_end = file.text.find("```", program);
            const fs::path source = fs::path(WEIR_ROOT) / file.text.substr(name, name_end - name);
            EXPECT_EQ(file.text.substr(program, program_end - program), read_text(source))
                << place(file, at);
            ++programs;
        }
    }
    EXPECT_GE(programs, 1u);
}

TEST(Tidy, DocumentsNameFilesThatExist) {
    for (const auto& [path, file] : tree()) {
        if (!file.has_extension(".md")) continue;
        for (std::size_t open = file.text.find('`'); open != std::string::npos;
             open = file.text.find('`', open + 1)) {
            const std::size_t close = std::min(file.text.find('`', open + 1), file.text.size());
            std::string name = file.text.substr(open + 1, close - open - 1);
            const std::size_t here = open;
            open = close;
            const bool is_file = name.ends_with(".h") || name.ends_with(".cpp") ||
                                 name.ends_with(".md") || name.ends_with("CMakeLists.txt") ||
                                 name.ends_with(".cmake");
            const bool is_literal = name.find_first_of(" \n*<>{}$~:") == std::string::npos;
            if (!is_file || !is_literal || name.find('/') == std::string::npos) continue;
            if (name.starts_with("weir/")) name.erase(0, 5);
            const fs::path root(WEIR_ROOT);
            EXPECT_TRUE(fs::exists(root / name) || fs::exists((root / path).parent_path() / name))
                << place(file, here) << ": there is no " << name;
        }
    }
}

// Suite.Name of all tests.
std::set<std::string> names_of_tests() {
    static const std::regex test(R"(\nTEST(?:_F|_P)?\((\w+),\s*(\w+)\))");
    std::set<std::string> names;
    for (const auto& [path, file] : tree()) {
        if (!path.starts_with("tests/")) continue;
        for (std::sregex_iterator each(file.text.begin(), file.text.end(), test), end; each != end;
             ++each) {
            names.insert((*each)[1].str() + "." + (*each)[2].str());
        }
    }
    return names;
}

// The points of a list in a document, each with its continuation lines.
Lines points_of(const std::string& text) {
    Lines points;
    for (const std::string& line : split_lines(text)) {
        if (line.starts_with("- ")) points.push_back(line);
        if (line.starts_with("  ") && !points.empty()) points.back() += line;
    }
    return points;
}

// The rows of all tables in a document, without what names their columns.
Lines rows_of(const std::string& text) {
    Lines rows;
    for (const std::string& line : split_lines(text)) {
        if (line.starts_with("| ---")) rows.pop_back();
        if (line.starts_with("| ") && !line.starts_with("| ---")) rows.push_back(line);
    }
    return rows;
}

// Each of these promises ends with the tests that show it.
void expect_tests_named(const Lines& promises, std::size_t count_min = 50) {
    static const std::set<std::string> known = names_of_tests();
    static const std::regex name(R"(`([A-Z]\w+\.[A-Z]\w+)`)");
    for (const std::string& promise : promises) {
        std::size_t tests = 0;
        for (std::sregex_iterator each(promise.begin(), promise.end(), name), end; each != end;
             ++each) {
            ++tests;
            EXPECT_TRUE(known.contains((*each)[1].str())) << "no such test: " << (*each)[1].str();
        }
        EXPECT_GE(tests, 1u) << "no test is named here: " << promise;
    }
    EXPECT_GE(promises.size(), count_min);
}

TEST(Tidy, EachPointOfSemanticsNamesTestsThatExist) {
    expect_tests_named(points_of(tree().at("docs/semantics.md").text));
}

TEST(Tidy, EachCaseOfHttpNamesTestsThatExist) {
    expect_tests_named(rows_of(tree().at("docs/http.md").text));
}

TEST(Tidy, EachCaseOfModelsNamesTestsThatExist) {
    expect_tests_named(rows_of(tree().at("docs/llm.md").text), 20);
}

}  // namespace
