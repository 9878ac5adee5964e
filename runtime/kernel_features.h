// SPDX-License-Identifier: MIT
//
// What weir asks of the kernel and can do without, or says clearly that it cannot. To diagnose a
// machine, or to see how a program behaves on another one, each may be left out: weir then takes
// the way it takes where the kernel refuses it.
#pragma once

#include <weir/runtime/base/result.h>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// Something that a kernel or a container may refuse. Each says what happens without it.
enum class KernelFeature : std::uint8_t {
    io_uring,              ///< the io_uring system calls (Linux 5.1). Without: epoll
    deferred_completions,  ///< io_uring with SINGLE_ISSUER and DEFER_TASKRUN (6.1). Without: epoll
    wait_argument,         ///< io_uring waits with a time limit, EXT_ARG (5.11). Without: epoll
    no_drop,               ///< io_uring keeps all completions, NODROP (5.5). Without: epoll
    buffer_ring,           ///< io_uring picks receive buffers from a ring (5.19). Without: epoll
    multishot_receive,     ///< io_uring goes on receiving between reads (6.0). Without: more calls
    registered_ring,       ///< io_uring's descriptor is registered (5.18). Without: slower calls
    epoll_pwait2,          ///< epoll waits in nanoseconds (5.11). Without: in milliseconds
    pidfd,                 ///< pidfd_open (5.3). Without: processes cannot be started
};

/// The name in WEIR_WITHOUT: that of the enumerator.
std::string_view to_string(KernelFeature feature) noexcept;

/// A set of features, two bytes large.
class KernelFeatures {
public:
    constexpr KernelFeatures() noexcept {}
    constexpr KernelFeatures(KernelFeature feature) noexcept : bits_(bit(feature)) {}

    /// From names with commas between; blanks around them do not matter. Errc::bad_argument, with
    /// the names that there are, for one that is none of these.
    static Result<KernelFeatures> parse(std::string_view names);

    constexpr bool empty() const noexcept { return bits_ == 0; }
    constexpr bool contains(KernelFeature feature) const noexcept {
        return (bits_ & bit(feature)) != 0;
    }
    constexpr KernelFeatures& operator|=(KernelFeatures other) noexcept {
        bits_ = static_cast<std::uint16_t>(bits_ | other.bits_);
        return *this;
    }
    friend constexpr KernelFeatures operator|(KernelFeatures left, KernelFeatures right) noexcept {
        return left |= right;
    }
    /// What is in both.
    friend constexpr KernelFeatures operator&(KernelFeatures left, KernelFeatures right) noexcept {
        left.bits_ = static_cast<std::uint16_t>(left.bits_ & right.bits_);
        return left;
    }
    friend constexpr bool operator==(KernelFeatures, KernelFeatures) noexcept = default;

    /// The names, with ", " between.
    std::string to_string() const;

private:
    static constexpr std::uint16_t bit(KernelFeature feature) noexcept {
        return static_cast<std::uint16_t>(1u << static_cast<unsigned>(feature));
    }

    std::uint16_t bits_ = 0;
};

/// What the environment's WEIR_WITHOUT leaves out in each loop of this process, such as
/// "epoll_pwait2,registered_ring"; nothing where it is not set. Errc::bad_argument where it names
/// what there is not.
Result<KernelFeatures> features_without_by_environment();

}  // namespace weir
