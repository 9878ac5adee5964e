// SPDX-License-Identifier: MIT
//
// The connections of a client: which wait for reuse, by origin, and how many may be open. A call
// takes a place first, of its origin and of the whole, and waits in the order of coming where none
// is free. With a place it takes an idle connection, or may open one. Idle connections hold no
// place: the oldest is closed where a new one would be too many. Opens nothing itself.
#pragma once

#include <weir/http/wire/url.h>
#include <weir/runtime/base/intrusive_list.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task.h>
#include <weir/runtime/timer_wheel.h>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace weir::http {

class Connection;
class ConnectionPool;

/// How many connections there may be, and how long one is kept for reuse.
class PoolLimits {
public:
    PoolLimits() noexcept {}

    std::size_t connections_max = std::numeric_limits<std::size_t>::max();
    std::size_t connections_max_by_origin = std::numeric_limits<std::size_t>::max();
    std::size_t idle_max = 10'000;  // by origin
    Duration idle = std::chrono::seconds(90);
};

/// A connection's places in the two queues of idle ones: of its origin, and of all.
class IdleInOrigin : public IntrusiveNode {};
class IdleInAll : public IntrusiveNode {};

/// What two URLs must have in common to share connections.
class OriginKey {
public:
    explicit OriginKey(const Url& url)
        : host(url.host()), port(url.port()), is_secure(url.is_secure()) {}
    bool matches(const Url& url) const noexcept {
        return port == url.port() && is_secure == url.is_secure() && host == url.host();
    }

    std::string host;
    std::uint16_t port;
    bool is_secure;
};

/// One origin, known as long as a connection to it is open or a call waits for one.
class Origin {
public:
    Origin(ConnectionPool& owner, const Url& url, std::size_t connections_max)
        : pool(owner), name(url.origin()), key(url), places(connections_max) {}

    ConnectionPool& pool;
    const std::string name;  // "https://host:port", for errors
    const OriginKey key;
    Semaphore places;
    IntrusiveList<IdleInOrigin> idle;  // used last at the back
    std::size_t idle_count = 0;
    std::size_t uses = 0;
};

/// Keeps an origin known.
class OriginUse {
public:
    explicit OriginUse(Origin& origin) noexcept : origin_(&origin) { ++origin.uses; }
    OriginUse(OriginUse&& other) noexcept : origin_(std::exchange(other.origin_, nullptr)) {}
    OriginUse& operator=(OriginUse&& other) noexcept {
        std::swap(origin_, other.origin_);
        return *this;
    }
    ~OriginUse();

    Origin& operator*() const noexcept { return *origin_; }
    Origin* operator->() const noexcept { return origin_; }

private:
    Origin* origin_;
};

/// The right to have a connection to an origin in use. It passes on when it dies.
class [[nodiscard]] Place {
public:
    Place(OriginUse use, Permit of_origin, Permit of_all) noexcept
        : use_(std::move(use)), of_origin_(std::move(of_origin)), of_all_(std::move(of_all)) {}

    Origin& origin() const noexcept { return *use_; }

private:
    OriginUse use_;  // goes last
    Permit of_origin_;
    Permit of_all_;
};

/// A place, and leave to open a connection in it.
class [[nodiscard]] Turn {
public:
    Turn(Place in_pool, Permit to_connect, bool new_only) noexcept
        : place(std::move(in_pool)), permit(std::move(to_connect)), must_be_new(new_only) {}

    Place place;
    Permit permit;
    bool must_be_new;  // no idle connection will do: one was stale
};

class ConnectionPool final : private weir::detail::TimerCallback {
public:
    explicit ConnectionPool(PoolLimits limits);
    /// All places must have been given back.
    ~ConnectionPool();
    ConnectionPool(const ConnectionPool&) = delete;
    ConnectionPool& operator=(const ConnectionPool&) = delete;

    /// A place if one is free and nobody waits for it.
    std::optional<Place> try_place(const Url& url);
    /// Waits for a place. Cancelled, the turn passes to the next.
    Task<Place> place(const Url& url) { return wait_for_place(OriginUse(origin_of(url))); }

    /// With a place of that origin: the idle connection that was used last, which is the least
    /// likely to have been closed; those found closed, or with bytes nobody asked for, are dropped.
    /// Null: a new one may be opened, for which room has been made.
    std::unique_ptr<Connection> take_idle(Origin& origin);
    /// Of a connection that can be used again: keeps it. Its place passes on.
    void give_back(std::unique_ptr<Connection> connection);

    std::size_t idle() const noexcept { return idle_count_; }

private:
    friend class OriginUse;

    // Looked up by a URL: a call on a known origin allocates nothing.
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(const OriginKey& key) const noexcept;
        std::size_t operator()(const Url& url) const noexcept;
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(const OriginKey& left, const OriginKey& right) const noexcept;
        bool operator()(const Url& url, const OriginKey& key) const noexcept {
            return key.matches(url);
        }
        bool operator()(const OriginKey& key, const Url& url) const noexcept {
            return key.matches(url);
        }
    };

    Origin& origin_of(const Url& url);
    Task<Place> wait_for_place(OriginUse use);
    std::unique_ptr<Connection> take(Connection& connection) noexcept;
    void drop_oldest_of(Origin& origin) noexcept;
    void drop_oldest() noexcept;
    void forget_unused(Origin& origin) noexcept;
    void on_timer() noexcept override;
    void expect_end_of_oldest();

    PoolLimits limits_;
    Semaphore places_;
    std::unordered_map<OriginKey, Origin, Hash, Equal> origins_;
    IntrusiveList<IdleInAll> idle_;  // the oldest at the front
    std::size_t idle_count_ = 0;
    weir::detail::Timer timer_;  // armed while any is idle
};

}  // namespace weir::http
