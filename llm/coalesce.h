// SPDX-License-Identifier: MIT
//
// Equal calls in flight share one: the first caller's work runs, and all who ask for the same
// meanwhile wait for it. The work belongs to a group and to none of the callers, so each of them
// may be cancelled; when the last one is gone the work is cancelled, too. Nothing is remembered
// once a call has landed: that is a cache's job.
#pragma once

#include <weir/runtime/child.h>
#include <weir/runtime/sync/event.h>
#include <weir/runtime/task.h>
#include <weir/runtime/task_group.h>
#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weir::llm {

/// Of one loop. T is copied to each caller. It must outlive the tasks of call(), which must end
/// before the group does; to be sure of that, make the callers children of a group inside it.
template <typename T>
class Coalescer {
public:
    /// The works will be children of `group`. They never fail it: an error is the callers'.
    explicit Coalescer(TaskGroup& group) : group_(group), flights_(std::make_shared<Flights>()) {}
    Coalescer(const Coalescer&) = delete;
    Coalescer& operator=(const Coalescer&) = delete;

    /// What `work` gives, or what the work of an equal call gives that is in flight: then `work` is
    /// dropped and never runs. Errors are shared as well; an exception becomes Errc::task_threw,
    /// and the end of the group Errc::cancelled. A deadline around the call is that of this caller
    /// and does not hold for the work. `work` must borrow nothing from its caller, whom it may
    /// outlive.
    Task<Result<T>> call(std::string key, Task<Result<T>> work) {
        const Seat seat(join(std::move(key), std::move(work)));
        co_await seat.flight().landed.wait();
        co_return *seat.flight().result;
    }

    /// Works that run and have a caller.
    std::size_t in_flight() const noexcept { return flights_->size(); }

private:
    class Flight;
    using Flights = std::map<std::string, Flight*, std::less<>>;

    // Shared by the callers and the work, whose ends come in any order.
    class Flight : public std::enable_shared_from_this<Flight> {
    public:
        Flight(std::shared_ptr<Flights> all, std::string name)
            : flights(std::move(all)), key(std::move(name)) {}

        // From now on an equal call begins anew.
        void leave() noexcept {
            const auto found = flights->find(key);
            if (found != flights->end() && found->second == this) flights->erase(found);
        }
        void land(Result<T> outcome) {
            result.emplace(std::move(outcome));
            leave();
            landed.set();
        }

        std::shared_ptr<Flights> flights;
        std::string key;
        std::optional<Result<T>> result;
        Event landed;
        std::optional<Child<void>> work;
        std::size_t callers = 0;
    };

    // One caller's. The last one to leave a flight ends it.
    class Seat {
    public:
        explicit Seat(std::shared_ptr<Flight> flight) noexcept : flight_(std::move(flight)) {
            ++flight_->callers;
        }
        Seat(const Seat&) = delete;
        Seat& operator=(const Seat&) = delete;
        ~Seat() {
            if (--flight_->callers > 0 || flight_->result) return;
            flight_->leave();
            flight_->work->cancel();
        }
        Flight& flight() const noexcept { return *flight_; }

    private:
        std::shared_ptr<Flight> flight_;
    };

    // The work's. A work that ends without an outcome was cancelled with its group, perhaps before
    // it began: so this is a parameter, which even then is there.
    class Pilot {
    public:
        explicit Pilot(std::shared_ptr<Flight> flight) noexcept : flight_(std::move(flight)) {}
        Pilot(Pilot&&) noexcept = default;
        Pilot& operator=(Pilot&&) = delete;
        ~Pilot() {
            if (flight_ != nullptr && !flight_->result) flight_->land(Error(Errc::cancelled));
        }
        Flight& flight() const noexcept { return *flight_; }

    private:
        std::shared_ptr<Flight> flight_;
    };

    std::shared_ptr<Flight> join(std::string key, Task<Result<T>> work) {
        const auto found = flights_->find(key);
        if (found != flights_->end()) return found->second->shared_from_this();
        auto flight = std::make_shared<Flight>(flights_, key);
        flights_->emplace(std::move(key), flight.get());
        flight->work.emplace(group_.start(fly(Pilot(flight), std::move(work))));
        return flight;
    }

    static Task<void> fly(Pilot pilot, Task<Result<T>> work) {
        std::optional<Result<T>> outcome;
        try {
            outcome.emplace(co_await std::move(work));
        } catch (...) {
            outcome.emplace(Error::from_exception(std::current_exception()));
        }
        pilot.flight().land(*std::move(outcome));
    }

    TaskGroup& group_;
    std::shared_ptr<Flights> flights_;
};

}  // namespace weir::llm
