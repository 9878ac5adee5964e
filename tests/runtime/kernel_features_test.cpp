// SPDX-License-Identifier: MIT
//
// Names, sets and choices. That weir works without each of them is shown by the conformance suite,
// which tests/CMakeLists.txt runs so.
#include <weir/runtime/kernel_features.h>

#include <gtest/gtest.h>
#include <weir/runtime/backend.h>
#include <weir/runtime/process.h>
#include <weir/runtime/run.h>

#include <cstdlib>
#include <string>
#include <utility>

using namespace weir;

namespace {

/// WEIR_WITHOUT while it lives.
class Without {
public:
    explicit Without(const char* names) {
        if (const char* present = std::getenv("WEIR_WITHOUT")) before_ = present;
        ::setenv("WEIR_WITHOUT", names, 1);
    }
    Without(const Without&) = delete;
    Without& operator=(const Without&) = delete;
    ~Without() { ::setenv("WEIR_WITHOUT", before_.c_str(), 1); }

private:
    std::string before_;
};

/// WEIR_BACKEND is not there while it lives.
class FreeChoice {
public:
    FreeChoice() {
        if (const char* present = std::getenv("WEIR_BACKEND")) before_ = present;
        ::unsetenv("WEIR_BACKEND");
    }
    FreeChoice(const FreeChoice&) = delete;
    FreeChoice& operator=(const FreeChoice&) = delete;
    ~FreeChoice() {
        if (!before_.empty()) ::setenv("WEIR_BACKEND", before_.c_str(), 1);
    }

private:
    std::string before_;
};

constexpr KernelFeature kForUring[] = {KernelFeature::io_uring, KernelFeature::deferred_completions,
                                       KernelFeature::wait_argument, KernelFeature::no_drop,
                                       KernelFeature::buffer_ring};

}  // namespace

TEST(KernelFeatures, AreReadFromNamesWithCommas) {
    const auto features = KernelFeatures::parse("epoll_pwait2, pidfd,").value();
    EXPECT_TRUE(features.contains(KernelFeature::epoll_pwait2));
    EXPECT_TRUE(features.contains(KernelFeature::pidfd));
    EXPECT_FALSE(features.contains(KernelFeature::io_uring));
    EXPECT_EQ(features.to_string(), "epoll_pwait2, pidfd");
    EXPECT_TRUE(KernelFeatures::parse("").value().empty());
}

TEST(KernelFeatures, UnknownNameIsRefusedWithTheKnownOnes) {
    const Without without("pidfd,warp_drive");
    const auto reactor = Reactor::make(ReactorOptions().backend(BackendKind::epoll));
    ASSERT_FALSE(reactor);
    EXPECT_EQ(reactor.error(), Errc::bad_argument);
    const std::string message = reactor.error().message();
    for (const char* words : {"WEIR_WITHOUT", "warp_drive", "epoll_pwait2"})
        EXPECT_NE(message.find(words), std::string::npos) << message;
}

TEST(KernelFeatures, WithoutOneThatUringNeedsEpollIsChosenAndUringRefused) {
    const FreeChoice choice;
    for (const KernelFeature feature : kForUring) {
        {
            const auto chosen = Reactor::make(ReactorOptions().without(feature));
            ASSERT_TRUE(chosen) << to_string(feature);
            EXPECT_EQ((*chosen)->backend_kind(), BackendKind::epoll) << to_string(feature);
        }
        const auto refused =
            Reactor::make(ReactorOptions().without(feature).backend(BackendKind::uring));
        ASSERT_FALSE(refused) << to_string(feature);
        EXPECT_EQ(refused.error(), Errc::unsupported) << refused.error().message();
        EXPECT_NE(refused.error().message().find(to_string(feature)), std::string::npos)
            << refused.error().message();
    }
}

TEST(KernelFeatures, ChoiceIsExplainedWithWhatWasLeftOut) {
    const FreeChoice choice;
    const std::string why = explain_backend_choice(KernelFeature::io_uring);
    EXPECT_TRUE(why.starts_with("epoll: ")) << why;
    EXPECT_NE(why.find("left out on request: io_uring"), std::string::npos) << why;
    const Without without("epoll_pwait2");
    EXPECT_NE(explain_backend_choice().find("epoll_pwait2"), std::string::npos);
}

TEST(KernelFeatures, SimulatedWorldAsksNoKernel) {
    const Without without("warp_drive");
    EXPECT_TRUE(Reactor::make(ReactorOptions().backend(BackendKind::simulated)));
}

TEST(KernelFeatures, WithoutPidfdProcessesAreRefused) {
    const auto start = []() -> Task<Result<ProcessOutput>> {
        ProcessOptions options("true");
        co_return co_await run_process(std::move(options));
    };
    const Result<ProcessOutput> output =
        run(start(), ReactorOptions().backend(BackendKind::epoll).without(KernelFeature::pidfd));
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error(), Errc::unsupported);
    EXPECT_NE(output.error().message().find("pidfd_open"), std::string::npos)
        << output.error().message();
}
