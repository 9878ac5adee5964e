// SPDX-License-Identifier: MIT
#include "http/address_cache.h"

#include <weir/runtime/reactor.h>
#include <weir/runtime/resolver.h>

#include <utility>

namespace weir::http {
namespace {

// Beyond as many hosts those whose time is over are dropped.
constexpr std::size_t kHostsMax = 1024;

}  // namespace

bool AddressCache::Entry::answers(Instant asked, Instant now, Duration lifetime) const noexcept {
    if (!answered) return false;
    return *answered >= asked || (!failure && now < saturating_add(*answered, lifetime));
}

Task<Result<std::vector<Endpoint>>> AddressCache::find(std::string host, std::uint16_t port) {
    if (Result<Endpoint> numeric = Endpoint::parse(host, port)) {
        co_return std::vector<Endpoint>(1, *numeric);
    }
    const Instant asked = Reactor::current().now();
    Entry& entry = entry_of(host, asked);
    const Use use(entry);
    const MutexLock lock = co_await entry.looking_up.lock();
    if (!entry.answers(asked, Reactor::current().now(), lifetime_)) {
        ++lookups_;
        Result<std::vector<Endpoint>> found = co_await resolve(host, port);
        entry.failure.reset();
        entry.endpoints.clear();
        if (found) {
            entry.endpoints = *std::move(found);
        } else {
            entry.failure = std::move(found).error();
        }
        entry.answered = Reactor::current().now();
    }
    if (entry.failure) co_return *entry.failure;
    std::vector<Endpoint> endpoints = entry.endpoints;
    for (Endpoint& endpoint : endpoints)
        endpoint = endpoint.with_port(port);
    co_return endpoints;
}

void AddressCache::forget(const std::string& host) noexcept {
    const auto found = entries_.find(host);
    if (found != entries_.end()) found->second.answered.reset();
}

AddressCache::Entry& AddressCache::entry_of(const std::string& host, Instant now) {
    if (entries_.size() >= kHostsMax) {
        std::erase_if(entries_, [&](const auto& each) {
            return each.second.users == 0 && !each.second.answers(kNever, now, lifetime_);
        });
    }
    return entries_[host];
}

}  // namespace weir::http
