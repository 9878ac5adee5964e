// SPDX-License-Identifier: MIT
#include "http/pool.h"

#include <weir/runtime/reactor.h>

#include "http/connection.h"

#include <functional>
#include <new>

namespace weir::http {
namespace {

std::size_t mix(std::string_view host, std::uint16_t port, bool is_secure) noexcept {
    const std::size_t rest = (std::size_t{port} << 1) | (is_secure ? 1 : 0);
    return std::hash<std::string_view>()(host) ^ (rest * 0x9e3779b97f4a7c15u);
}

}  // namespace

std::size_t ConnectionPool::Hash::operator()(const OriginKey& key) const noexcept {
    return mix(key.host, key.port, key.is_secure);
}

std::size_t ConnectionPool::Hash::operator()(const Url& url) const noexcept {
    return mix(url.host(), url.port(), url.is_secure());
}

bool ConnectionPool::Equal::operator()(const OriginKey& left,
                                       const OriginKey& right) const noexcept {
    return left.port == right.port && left.is_secure == right.is_secure && left.host == right.host;
}

OriginUse::~OriginUse() {
    if (origin_ == nullptr) return;
    --origin_->uses;
    origin_->pool.forget_unused(*origin_);
}

ConnectionPool::ConnectionPool(PoolLimits limits)
    : limits_(limits), places_(limits.connections_max) {
    timer_.set_target(static_cast<weir::detail::TimerCallback&>(*this));
}

ConnectionPool::~ConnectionPool() {
    while (idle_count_ > 0)
        drop_oldest();
    if (timer_.is_armed()) Reactor::current().disarm(timer_);
    WEIR_CHECK_HINT(origins_.empty(), "a ResponseStream or a call outlives its http::Client");
}

// --- places --------------------------------------------------------------------------------------

Origin& ConnectionPool::origin_of(const Url& url) {
    const auto found = origins_.find(url);
    if (found != origins_.end()) return found->second;
    return origins_.try_emplace(OriginKey(url), *this, url, limits_.connections_max_by_origin)
        .first->second;
}

std::optional<Place> ConnectionPool::try_place(const Url& url) {
    OriginUse use(origin_of(url));
    std::optional<Permit> of_origin = use->places.try_acquire();
    if (!of_origin) return std::nullopt;
    std::optional<Permit> of_all = places_.try_acquire();
    if (!of_all) return std::nullopt;
    return Place(std::move(use), *std::move(of_origin), *std::move(of_all));
}

Task<Place> ConnectionPool::wait_for_place(OriginUse use) {
    Permit of_origin = co_await use->places.acquire();
    Permit of_all = co_await places_.acquire();
    co_return Place(std::move(use), std::move(of_origin), std::move(of_all));
}

void ConnectionPool::forget_unused(Origin& origin) noexcept {
    if (origin.uses > 0 || origin.idle_count > 0) return;
    origins_.erase(origins_.find(origin.key));
}

// --- idle connections ----------------------------------------------------------------------------

std::unique_ptr<Connection> ConnectionPool::take_idle(Origin& origin) {
    while (origin.idle_count > 0) {
        auto connection = take(static_cast<Connection&>(origin.idle.back()));
        if (connection->is_quiet()) return connection;
    }
    // Each place may become a connection: as many as are idle must be free.
    while (idle_count_ > places_.available())
        drop_oldest();
    return nullptr;
}

void ConnectionPool::give_back(std::unique_ptr<Connection> connection) {
    // Until it is idle: whoever gets the place shall find the connection.
    const Place place = connection->give_up_place();
    Origin& origin = place.origin();
    if (limits_.idle_max == 0) return;
    while (origin.idle_count >= limits_.idle_max)
        drop_oldest_of(origin);
    connection->become_idle(Reactor::current().now());
    Connection& kept = *connection.release();
    origin.idle.push_back(kept);
    idle_.push_back(kept);
    ++origin.idle_count;
    ++idle_count_;
    if (!timer_.is_armed()) expect_end_of_oldest();
}

std::unique_ptr<Connection> ConnectionPool::take(Connection& connection) noexcept {
    static_cast<IdleInOrigin&>(connection).unlink();
    static_cast<IdleInAll&>(connection).unlink();
    --connection.origin().idle_count;
    --idle_count_;
    return std::unique_ptr<Connection>(&connection);
}

void ConnectionPool::drop_oldest_of(Origin& origin) noexcept {
    take(static_cast<Connection&>(origin.idle.front())).reset();
}

void ConnectionPool::drop_oldest() noexcept {
    Connection& oldest = static_cast<Connection&>(idle_.front());
    Origin& origin = oldest.origin();
    take(oldest).reset();
    forget_unused(origin);
}

// One timer for all of them: it is not touched when a connection is taken or given back, only when
// the time of what was then the oldest has come.
void ConnectionPool::on_timer() noexcept {
    const Instant now = Reactor::current().now();
    while (idle_count_ > 0 && saturating_add(static_cast<Connection&>(idle_.front()).idle_since(),
                                             limits_.idle) <= now) {
        drop_oldest();
    }
    try {
        if (idle_count_ > 0) expect_end_of_oldest();
    } catch (const std::bad_alloc&) {
        // Without a timer nobody would close them.
        while (idle_count_ > 0)
            drop_oldest();
    }
}

void ConnectionPool::expect_end_of_oldest() {
    const Instant since = static_cast<Connection&>(idle_.front()).idle_since();
    Reactor::current().arm(timer_, saturating_add(since, limits_.idle));
}

}  // namespace weir::http
