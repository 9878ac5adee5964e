// SPDX-License-Identifier: MIT
//
// The addresses of hosts, remembered for a short time. The system's resolver does not say how long
// an answer holds, so that time is a choice of the client: long enough that a burst of connections
// asks once, short enough that a host which moves is found again soon. Failures are not kept.
#pragma once

#include <weir/runtime/address.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/sync/mutex.h>
#include <weir/runtime/task.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace weir::http {

class AddressCache {
public:
    explicit AddressCache(Duration lifetime) noexcept : lifetime_(lifetime) {}

    /// As resolve(). Those who ask for a host while it is being looked up wait for that answer, and
    /// share a failure.
    Task<Result<std::vector<Endpoint>>> find(std::string host, std::uint16_t port);
    /// None of its addresses could be reached: the next one to ask has it looked up anew.
    void forget(const std::string& host) noexcept;

    std::size_t lookups() const noexcept { return lookups_; }

private:
    class Entry {
    public:
        bool answers(Instant asked, Instant now, Duration lifetime) const noexcept;

        Mutex looking_up;
        std::vector<Endpoint> endpoints;
        std::optional<Error> failure;
        std::optional<Instant> answered;
        std::size_t users = 0;
    };
    class Use {
    public:
        explicit Use(Entry& entry) noexcept : entry_(entry) { ++entry_.users; }
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;
        ~Use() { --entry_.users; }

    private:
        Entry& entry_;
    };

    Entry& entry_of(const std::string& host, Instant now);

    Duration lifetime_;
    std::unordered_map<std::string, Entry> entries_;
    std::size_t lookups_ = 0;
};

}  // namespace weir::http
