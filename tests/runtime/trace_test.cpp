// SPDX-License-Identifier: MIT
#include <weir/runtime/trace.h>

#include <gtest/gtest.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>
#include <weir/runtime/timeout.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace tracing {

Task<void> sleeper(Duration span) {
    co_await sleep_for(span);
}
Task<void> trivial() {
    co_return;
}
Task<void> with_timeout() {
    static_cast<void>(co_await timeout(1s, sleeper(5ms)));
}
Task<void> many_trivial() {
    co_await with_group([](TaskGroup& group) -> Task<void> {
        for (int i = 0; i < 1000; ++i)
            group.spawn(trivial());
        co_return;
    });
}
Task<void> exchange() {
    TcpListener listener = TcpListener::bind(Endpoint::loopback(0)).value();
    Result<TcpStream> near = co_await TcpStream::connect(listener.local_endpoint());
    Result<TcpStream> far = co_await listener.accept();
    static_cast<void>(co_await near->write_all(as_bytes("seven c")));
    static_cast<void>(co_await far->read());
}
Task<void> cancelled_sleep() {
    co_await with_group([](TaskGroup& group) -> Task<void> {
        group.spawn(sleeper(1h));
        co_await sleep_for(1ms);
        group.cancel();
    });
}
Task<void> many_sleeps(int count) {
    for (int i = 0; i < count; ++i)
        co_await sleep_for(1ms);
}
Task<void> traces_a_part(std::string path) {
    co_await sleep_for(7ms);
    Result<void> started = Trace::start(path);
    EXPECT_TRUE(started);
    co_await sleep_for(11ms);
    Result<void> stopped = Trace::stop();
    EXPECT_TRUE(stopped);
    co_await sleep_for(13ms);
    Result<void> again = Trace::stop();
    EXPECT_TRUE(again);
}

}  // namespace tracing

namespace {

class TraceText {
public:
    explicit TraceText(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        text.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
        std::remove(path.c_str());
    }

    /// How many events have all of these pieces.
    std::size_t count(std::initializer_list<std::string_view> pieces) const {
        std::size_t found = 0;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = std::min(text.find('\n', at), text.size());
            const std::string_view line = std::string_view(text).substr(at, end - at);
            found += std::all_of(pieces.begin(), pieces.end(), [&](std::string_view piece) {
                return line.find(piece) != std::string_view::npos;
            });
            at = end + 1;
        }
        return found;
    }

    std::string text;
};

std::string path_for_test() {
    return testing::TempDir() + "weir_trace_" +
           testing::UnitTest::GetInstance()->current_test_info()->name() + ".json";
}

TraceText trace_of(Task<void> main, std::size_t megabytes = Trace::kMegabytes) {
    const std::string path = path_for_test();
    ReactorOptions options;
    options.backend(BackendKind::simulated).trace(path, megabytes);
    run(std::move(main), options);
    return TraceText(path);
}

// One object, from brace to brace, with its quotes and brackets in order.
bool is_object(std::string_view line) {
    if (!line.starts_with('{') || !line.ends_with('}')) return false;
    int depth = 0;
    bool is_quoted = false;
    for (std::size_t at = 0; at < line.size(); ++at) {
        const char letter = line[at];
        if (letter == '\\') ++at;
        if (letter == '"') is_quoted = !is_quoted;
        if (is_quoted) continue;
        if (letter == '{') ++depth;
        if (letter == '}' && --depth == 0 && at + 1 != line.size()) return false;
    }
    return depth == 0 && !is_quoted;
}

void expect_json(const std::string& text) {
    ASSERT_TRUE(text.starts_with("[\n"));
    ASSERT_TRUE(text.ends_with("}\n]\n"));
    const std::string_view events = std::string_view(text).substr(2, text.size() - 4);
    for (std::size_t at = 0; at < events.size();) {
        const std::size_t end = events.find('\n', at);
        std::string_view line = events.substr(at, end - at);
        at = end + 1;
        if (at < events.size()) {
            EXPECT_TRUE(line.ends_with(',')) << line;
            line.remove_suffix(1);
        }
        EXPECT_TRUE(is_object(line)) << line;
        EXPECT_NE(line.find("\"ph\":\""), std::string_view::npos) << line;
        EXPECT_NE(line.find("\"ts\":"), std::string_view::npos) << line;
    }
}

}  // namespace

TEST(Trace, IsOneJsonEventALine) {
    for (auto* make : {tracing::with_timeout, tracing::many_trivial, tracing::exchange,
                       tracing::cancelled_sleep}) {
        expect_json(trace_of(make()).text);
    }
}

TEST(Trace, HasTurnsWithTheirSteps) {
    const TraceText trace = trace_of(tracing::many_sleeps(5));
    EXPECT_EQ(trace.count({"\"ph\":\"X\"", "\"name\":\"turn\"", "\"steps\":1"}), 6u) << trace.text;
}

TEST(Trace, NamesStepsThatEndInAWait) {
    const TraceText trace = trace_of(tracing::sleeper(5ms));
    EXPECT_EQ(trace.count({"\"ph\":\"X\"", "\"name\":\"tracing::sleeper\""}), 2u) << trace.text;
}

TEST(Trace, OnlyCountsTasksThatNeverWait) {
    const TraceText trace = trace_of(tracing::many_trivial());
    EXPECT_EQ(trace.count({"tracing::trivial"}), 0u) << trace.text;
    EXPECT_EQ(trace.count({"\"name\":\"turn\"", "\"steps\":746"}), 1u) << trace.text;
}

TEST(Trace, WaitBeginsAndEndsAtItsVirtualTimes) {
    const TraceText trace = trace_of(tracing::sleeper(5ms));
    EXPECT_EQ(trace.count({"\"ph\":\"b\"", "\"name\":\"sleep\"", "\"ts\":0.000", "\"id\":1",
                           "\"task\":\"tracing::sleeper\""}),
              1u)
        << trace.text;
    EXPECT_EQ(trace.count({"\"ph\":\"e\"", "\"name\":\"sleep\"", "\"ts\":5000.000", "\"id\":1"}),
              1u)
        << trace.text;
}

TEST(Trace, EveryWaitThatBeginsEnds) {
    for (auto* make : {tracing::with_timeout, tracing::many_trivial, tracing::exchange,
                       tracing::cancelled_sleep}) {
        const TraceText trace = trace_of(make());
        EXPECT_EQ(trace.count({"\"ph\":\"b\""}), trace.count({"\"ph\":\"e\""})) << trace.text;
    }
}

TEST(Trace, HasTheWaitOfATaskThatBeganWithinItsParentsStep) {
    const TraceText trace = trace_of(tracing::with_timeout());
    EXPECT_EQ(trace.count({"\"ph\":\"b\"", "\"name\":\"timeout\""}), 1u) << trace.text;
    EXPECT_EQ(trace.count({"\"ph\":\"b\"", "\"name\":\"sleep\"", "tracing::sleeper"}), 1u)
        << trace.text;
}

TEST(Trace, SaysWhichWaitEndedByCancellation) {
    const TraceText trace = trace_of(tracing::cancelled_sleep());
    EXPECT_EQ(trace.count({"\"ph\":\"e\"", "\"name\":\"sleep\"", "\"cancelled\":1"}), 1u)
        << trace.text;
}

TEST(Trace, HasOperationsWithDescriptorAndResult) {
    const TraceText trace = trace_of(tracing::exchange());
    EXPECT_EQ(trace.count({"\"ph\":\"i\"", "\"name\":\"receive\"", "\"fd\":", "\"result\":7"}), 1u)
        << trace.text;
}

TEST(Trace, IsTheSameForTheSameSimulation) {
    EXPECT_EQ(trace_of(tracing::exchange()).text, trace_of(tracing::exchange()).text);
}

TEST(Trace, StartsAndStopsWithinARun) {
    const std::string path = path_for_test();
    run_simulated(tracing::traces_a_part(path));
    const TraceText trace(path);
    expect_json(trace.text);
    EXPECT_EQ(trace.count({"\"name\":\"tracing::traces_a_part\"", "\"ts\":11000.000"}), 0u)
        << trace.text;
    EXPECT_EQ(trace.count({"\"name\":\"end of trace\"", "\"ts\":11000.000"}), 1u) << trace.text;
}

TEST(Trace, EndsWithANoteWhenTheFileHasItsSize) {
    const TraceText trace = trace_of(tracing::many_sleeps(20'000), 1);
    EXPECT_LE(trace.text.size(), 1'000'000u);
    EXPECT_GE(trace.text.size(), 900'000u);
    EXPECT_EQ(trace.count({"the trace ends here"}), 1u);
    expect_json(trace.text);
}

// What has gathered is written in chunks: the end may come just before one is full.
TEST(Trace, EndsWellWhereverItsChunkStands) {
    std::size_t smallest = 0;
    std::size_t largest = 0;
    for (int count = 400; count < 900; ++count) {
        const TraceText trace = trace_of(tracing::many_sleeps(count));
        EXPECT_TRUE(trace.text.ends_with("}\n]\n")) << count;
        largest = trace.text.size();
        if (smallest == 0) smallest = largest;
    }
    EXPECT_LT(smallest, 256u * 1024);
    EXPECT_GT(largest, 256u * 1024);
}

TEST(Trace, RefusesAPathThatCannotBeOpened) {
    ReactorOptions options;
    options.backend(BackendKind::simulated).trace("/no/such/folder/trace.json");
    const auto reactor = Reactor::make(options);
    ASSERT_FALSE(reactor);
    EXPECT_NE(reactor.error().message().find("/no/such/folder/trace.json"), std::string::npos);
}

TEST(Trace, HasTheSameKindsOfEventsOnARealLoop) {
    const std::string path = path_for_test();
    ReactorOptions options;
    options.backend(BackendKind::epoll).trace(path);
    run(tracing::exchange(), options);
    const TraceText trace(path);
    expect_json(trace.text);
    EXPECT_EQ(trace.count({"\"ph\":\"i\"", "\"name\":\"receive\"", "\"result\":7"}), 1u);
    EXPECT_GE(trace.count({"\"name\":\"turn\""}), 1u);
}
