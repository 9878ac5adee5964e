// SPDX-License-Identifier: MIT
//
// Chooses a handler by method and path:
//
//     Router router;
//     router.add("GET", "/users/{id}", show_user);      // exchange.parameter("id")
//     router.add("GET", "/files/{path...}", send_file);  // the rest of the path, slashes and all
//     co_await server.serve(router.handler());
//
// A segment that is spelled out counts before a parameter, and a parameter before a rest.
#pragma once

#include <weir/http/exchange.h>
#include <weir/runtime/task.h>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace weir::http {

/// Built before it serves, and not changed then. It must outlive the handler() that it gives.
class Router {
public:
    using Handler = std::function<Task<void>(Exchange&)>;

    Router();
    Router(Router&&) noexcept;
    Router& operator=(Router&&) noexcept;
    ~Router();

    /// `pattern`: segments after slashes, each spelled out (as it is once decoded), "{name}" for
    /// one that is not empty, or, as the last, "{name...}" for the rest, which may be empty. A
    /// pattern that is none, or was added before for this method, is a bug, and aborts.
    Router& add(std::string_view method, std::string_view pattern, Handler handler);

    /// The same for a handler that reads the body itself: see ServerOptions::stream_bodies(). With
    /// that, the handlers of add() begin when the body is there whole, of 64 MiB at most, and their
    /// limit of time has begun with the head; a method or path that has no handler is refused
    /// before the body is read.
    Router& add_streamed(std::string_view method, std::string_view pattern, Handler handler);

    /// Answers by the handler that fits best among those of the request's method. HEAD is answered
    /// by the handler of GET where it has none of its own, without the body. Without one: 404; 405
    /// with Allow where other methods have one; OPTIONS is told by Allow what there is. 400 where
    /// the path cannot be decoded safely: a '%' without two digits, a NUL, "." or ".." as a
    /// segment. A slash written as %2F is part of its segment, and no rest of a path has it.
    Task<void> route(Exchange& exchange) const;
    /// route() as what Server::serve() takes.
    Handler handler() const;

private:
    class Node;
    class Match;

    Router& add(std::string_view method, std::string_view pattern, Handler handler, bool streams);

    std::unique_ptr<Node> root_;
};

}  // namespace weir::http
