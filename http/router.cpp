// SPDX-License-Identifier: MIT
#include <weir/http/router.h>

#include <weir/http/wire/headers.h>
#include <weir/http/wire/response_writer.h>
#include <weir/http/wire/target.h>
#include <weir/runtime/base/assert.h>
#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace weir::http {
namespace {

using Names = std::vector<std::string>;

/// "/a/b" as "a", "b"; "/" as one empty segment.
std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> segments;
    path.remove_prefix(1);
    for (;;) {
        const std::size_t slash = std::min(path.find('/'), path.size());
        segments.push_back(path.substr(0, slash));
        if (slash == path.size()) return segments;
        path.remove_prefix(slash + 1);
    }
}

bool is_parameter(std::string_view segment) noexcept {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::string_view name_of(std::string_view segment) noexcept {
    return segment.substr(1, segment.size() - 2);
}

/// What a handler's method and parameters are called.
class Endpoint {
public:
    Endpoint(std::string_view token, Names parameters, Router::Handler answers, bool reads_body)
        : method(token),
          names(std::move(parameters)),
          handler(std::move(answers)),
          streams(reads_body) {}

    std::string method;
    Names names;
    Router::Handler handler;
    bool streams;
};

using Endpoints = std::vector<Endpoint>;

const Endpoint* find(const Endpoints& endpoints, std::string_view method) noexcept {
    const auto found = std::ranges::find(endpoints, method, &Endpoint::method);
    return found == endpoints.end() ? nullptr : &*found;
}

Task<void> refuse(Exchange& exchange, int status, Headers headers = Headers()) {
    headers.add("Content-Type", "text/plain");
    std::string text(reason_phrase(status));
    Result<void> ignored = co_await exchange.respond(status, std::move(headers), text + "\n");
    static_cast<void>(ignored);
}

}  // namespace

/// One segment of patterns. Those that begin alike share the nodes of their beginning.
class Router::Node {
public:
    Node& literal(std::string_view text) {
        std::unique_ptr<Node>& node = literals_[std::string(text)];
        if (!node) node = std::make_unique<Node>();
        return *node;
    }
    Node& parameter() {
        if (!parameter_) parameter_ = std::make_unique<Node>();
        return *parameter_;
    }

    Endpoints here;  // for paths that end here
    Endpoints rest;  // for all that go on

private:
    friend class Router::Match;
    std::map<std::string, std::unique_ptr<Node>> literals_;
    std::unique_ptr<Node> parameter_;
};

/// The search for one request.
class Router::Match {
public:
    Match(std::string_view method, std::span<const std::string> segments) noexcept
        : method_(method), segments_(segments) {}

    /// Depth first, the best first. At most two ways lead on from a node, and none is deeper than
    /// its pattern.
    bool search(const Node& node, std::size_t depth) {
        if (depth == segments_.size()) return take(node.here);
        const std::string& segment = segments_[depth];
        const auto next = node.literals_.find(segment);
        if (next != node.literals_.end() && search(*next->second, depth + 1)) return true;
        if (node.parameter_ && !segment.empty()) {
            values.push_back(segment);
            if (search(*node.parameter_, depth + 1)) return true;
            values.pop_back();
        }
        if (node.rest.empty() || hides_slash(depth)) return false;
        values.push_back(rest_from(depth));
        if (take(node.rest)) return true;
        values.pop_back();
        return false;
    }

    /// The methods that were met, as Allow lists them.
    std::string allowed() const {
        Names methods = met_;
        const auto has = [&](std::string_view method) {
            return std::ranges::find(methods, method) != methods.end();
        };
        if (has("GET") && !has("HEAD")) methods.emplace_back("HEAD");
        if (!has("OPTIONS")) methods.emplace_back("OPTIONS");
        std::ranges::sort(methods);
        methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
        std::string text;
        for (const std::string& method : methods)
            text.append(text.empty() ? "" : ", ").append(method);
        return text;
    }
    bool has_path() const noexcept { return !met_.empty(); }

    const Endpoint* endpoint = nullptr;
    std::vector<std::string> values;

private:
    bool take(const Endpoints& endpoints) {
        endpoint = find(endpoints, method_);
        if (endpoint == nullptr && method_ == "HEAD") endpoint = find(endpoints, "GET");
        if (endpoint != nullptr) return true;
        for (const Endpoint& other : endpoints)
            met_.push_back(other.method);
        return false;
    }
    /// A slash that was written as %2F would look like one between segments.
    bool hides_slash(std::size_t depth) const {
        return std::ranges::any_of(segments_.subspan(depth), [](const std::string& segment) {
            return segment.find('/') != std::string::npos;
        });
    }
    std::string rest_from(std::size_t depth) const {
        std::string text = segments_[depth];
        for (const std::string& segment : segments_.subspan(depth + 1))
            text.append("/").append(segment);
        return text;
    }

    std::string_view method_;
    std::span<const std::string> segments_;
    Names met_;
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;
Router::~Router() = default;

Router& Router::add(std::string_view method, std::string_view pattern, Handler handler) {
    return add(method, pattern, std::move(handler), false);
}

Router& Router::add_streamed(std::string_view method, std::string_view pattern, Handler handler) {
    return add(method, pattern, std::move(handler), true);
}

Router& Router::add(std::string_view method, std::string_view pattern, Handler handler,
                    bool streams) {
    WEIR_CHECK_HINT(is_token(method), "a route's method is a token such as GET");
    WEIR_CHECK_HINT(pattern.starts_with('/'), "a route's pattern begins with a slash");
    constexpr std::string_view kDots = "...";
    Node* node = root_.get();
    Endpoints* place = nullptr;
    Names names;
    for (const std::string_view segment : split(pattern)) {
        WEIR_CHECK_HINT(place == nullptr, "the rest of a path is the last of a pattern");
        if (!is_parameter(segment)) {
            WEIR_CHECK_HINT(segment.find_first_of("{}") == std::string_view::npos,
                            "a parameter is a whole segment of a pattern, as /{name}/");
            node = &node->literal(segment);
            continue;
        }
        std::string_view name = name_of(segment);
        if (name.ends_with(kDots)) {
            name.remove_suffix(kDots.size());
            place = &node->rest;
        } else {
            node = &node->parameter();
        }
        names.emplace_back(name);
    }
    if (place == nullptr) place = &node->here;
    WEIR_CHECK_HINT(find(*place, method) == nullptr, "this route was added before");
    place->emplace_back(method, std::move(names), std::move(handler), streams);
    return *this;
}

Router::Handler Router::handler() const {
    return [this](Exchange& exchange) {
        return route(exchange);
    };
}

Task<void> Router::route(Exchange& exchange) const {
    const std::string_view path = exchange.path();
    if (!path.starts_with('/')) co_return co_await refuse(exchange, 404);  // "*"
    std::vector<std::string> segments;
    for (const std::string_view raw : split(path)) {
        std::optional<std::string> segment = decode_segment(raw);
        if (!segment) co_return co_await refuse(exchange, 400);
        segments.push_back(*std::move(segment));
    }
    Match match(exchange.request().method, segments);
    if (match.search(*root_, 0)) {
        for (std::size_t i = 0; i < match.values.size(); ++i)
            exchange.parameters_.emplace_back(match.endpoint->names[i], std::move(match.values[i]));
        if (!match.endpoint->streams && !exchange.has_whole_body()) {
            Result<void> whole = co_await exchange.gather_body();
            if (!whole) co_return;  // the server says why
        }
        co_return co_await match.endpoint->handler(exchange);
    }
    if (!match.has_path()) co_return co_await refuse(exchange, 404);
    Headers headers;
    headers.add("Allow", match.allowed());
    if (exchange.request().method != "OPTIONS") {
        co_return co_await refuse(exchange, 405, std::move(headers));
    }
    Result<void> ignored = co_await exchange.respond(204, std::move(headers), "");
    static_cast<void>(ignored);
}

}  // namespace weir::http
