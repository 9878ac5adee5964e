// SPDX-License-Identifier: MIT
#include <weir/runtime/symbols.h>

#include <gtest/gtest.h>
#include <weir/runtime/task.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/support/temporary_folder.h"

using namespace weir;
using namespace weir::detail;
using weir::test::TemporaryFolder;

namespace symbols {

int plain_function(int number) {
    return number + 1;
}
template <typename T>
Task<T> templated(T value) {
    co_return value;
}
Task<void> coroutine(int) {
    co_return;
}
class Server {
public:
    Task<void> handle() { co_return; }
};

int some_variable = 0;

}  // namespace symbols

namespace {

template <typename T>
std::string name_of(Task<T> task) {
    const auto frame = task.release();
    std::string name = function_name(resume_function(frame.promise()));
    frame.destroy();
    return name;
}

}  // namespace

TEST(Symbols, NamesAFunction) {
    EXPECT_EQ(function_name(reinterpret_cast<const void*>(&symbols::plain_function)),
              "symbols::plain_function");
}

TEST(Symbols, NamesTheCoroutineOfAFrame) {
    EXPECT_EQ(name_of(symbols::coroutine(1)), "symbols::coroutine");
    EXPECT_EQ(name_of(symbols::templated(1L)), "symbols::templated");
    symbols::Server server;
    EXPECT_EQ(name_of(server.handle()), "symbols::Server::handle");
}

TEST(Symbols, NamesALambdaAfterWhereItStands) {
    const auto lambda = [](int) -> Task<void> {
        co_return;
    };
    const std::string name = name_of(lambda(1));
    EXPECT_TRUE(name.ends_with("TestBody::lambda")) << name;
}

TEST(Symbols, NamesAFunctionOfASharedObject) {
    const std::string name = function_name(reinterpret_cast<const void*>(&std::abort));
    EXPECT_TRUE(name == "abort" || name.find("abort") != std::string::npos) << name;
}

TEST(Symbols, TellAddressAndFileWhereNoFunctionIs) {
    const std::string name = function_name(&symbols::some_variable);
    EXPECT_TRUE(name.starts_with("0x")) << name;
    EXPECT_NE(name.find(" in "), std::string::npos) << name;
}

TEST(Symbols, TellTheBareAddressWhereNoFileIs) {
    const int local = 0;
    const std::string name = function_name(&local);
    EXPECT_TRUE(name.starts_with("0x")) << name;
    EXPECT_EQ(name.find(" in "), std::string::npos) << name;
}

TEST(Symbols, TableIsEmptyForWhatIsNoProgram) {
    EXPECT_EQ(SymbolTable("/no/such/file").size(), 0u);
    EXPECT_EQ(SymbolTable("/dev/null").size(), 0u);
    EXPECT_EQ(SymbolTable("/proc/self/cmdline").size(), 0u);
}

TEST(Symbols, TableSurvivesAFileThatWasCut) {
    const TemporaryFolder folder;
    const std::string path = folder.path_to("program");
    std::ifstream program("/proc/self/exe", std::ios::binary);
    for (const std::size_t size : {10u, 64u, 5000u}) {
        std::string begin(size, '\0');
        program.seekg(0);
        program.read(begin.data(), static_cast<std::streamsize>(size));
        std::ofstream(path, std::ios::binary) << begin;
        EXPECT_EQ(SymbolTable(path.c_str()).size(), 0u) << size;
    }
}

TEST(Symbols, ShorteningKeepsScopesAndTheName) {
    EXPECT_EQ(shorten_function_name("app::(anonymous namespace)::worker(int, char*)"),
              "app::worker");
    EXPECT_EQ(shorten_function_name("weir::Task<long> app::twice<long>(long) [clone .resume]"),
              "app::twice");
    EXPECT_EQ(shorten_function_name("app::all()::{lambda(weir::TaskGroup&)#2}::operator()"
                                    "(app::all()::x.Frame*) [clone .actor]"),
              "app::all::lambda");
    EXPECT_EQ(shorten_function_name("app::all()::$_0::operator()(int) const"), "app::all::lambda");
    EXPECT_EQ(shorten_function_name("main"), "main");
}

TEST(Symbols, TaskNameHasTheInnermostFunctionWhereItDiffers) {
    const auto* plain = reinterpret_cast<const void*>(&symbols::plain_function);
    EXPECT_EQ(task_name(plain, plain), "symbols::plain_function");
    EXPECT_EQ(task_name(plain, nullptr), "symbols::plain_function");
    EXPECT_EQ(task_name(nullptr, nullptr), "(ended)");
}
