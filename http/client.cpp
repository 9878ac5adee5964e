// SPDX-License-Identifier: MIT
#include <weir/http/client.h>

#include <weir/runtime/timeout.h>

#include "http/connection.h"
#include "http/dialer.h"
#include "http/pool.h"

#include <algorithm>

namespace weir::http {
namespace {

// The server closed an idle connection while our request was on its way: it has not been served.
bool is_stale_connection(const Error& error) {
    return error == HttpErrc::no_response || error == std::errc::connection_reset ||
           error == std::errc::broken_pipe || error == HttpErrc::tls_truncated;
}

bool may_be_sent_twice(const Request& request, Resend by_client) {
    switch (request.resend_unanswered().value_or(by_client)) {
        case Resend::never:
            return false;
        case Resend::idempotent:
            return request.is_idempotent();
        case Resend::any:
            break;
    }
    return true;
}

bool should_be_sent_again(Outgoing& outgoing, Connection& connection,
                          const Result<ParserEvent>& head, Resend by_client) {
    if (!head) {
        return connection.has_been_idle() && !connection.has_answer_begun() &&
               is_stale_connection(head.error()) &&
               may_be_sent_twice(outgoing.request, by_client) && outgoing.start_again();
    }
    constexpr int kExpectationFailed = 417;
    if (!outgoing.expects_continue || connection.status() != kExpectationFailed) return false;
    outgoing.drop_expectation();
    return outgoing.start_again();
}

Error too_large(std::uint64_t limit) {
    return Error(HttpErrc::body_too_large,
                 "the answer is larger than " + std::to_string(limit) +
                     " bytes (ClientOptions::body_max); read it as a stream");
}

}  // namespace

ClientOptions::ClientOptions(const ClientOptions&) = default;
ClientOptions::ClientOptions(ClientOptions&&) noexcept = default;
ClientOptions& ClientOptions::operator=(const ClientOptions&) = default;
ClientOptions& ClientOptions::operator=(ClientOptions&&) noexcept = default;
ClientOptions::~ClientOptions() = default;

ClientOptions& ClientOptions::tls(TlsContext context) {
    tls_ = std::move(context);
    return *this;
}

ClientOptions& ClientOptions::proxies(ProxySettings settings) {
    proxies_ = std::move(settings);
    return *this;
}

ClientOptions& ClientOptions::follow_redirects(RedirectPolicy policy) {
    redirects_ = std::move(policy);
    return *this;
}

Client::Client(ClientOptions options)
    : options_(std::move(options)),
      connecting_(std::max<std::size_t>(1, options_.connecting_max_)) {
    CallLimits waits;
    waits.first_byte = options_.first_byte_;
    waits.gap = options_.gap_;
    waits.proceed = options_.continue_;
    waits.early_bytes = options_.body_max_;
    limits_ = std::make_unique<const CallLimits>(waits);
    PoolLimits limits;
    limits.connections_max = std::max<std::size_t>(1, options_.connections_max_);
    limits.connections_max_by_origin =
        std::max<std::size_t>(1, options_.connections_max_by_origin_);
    limits.idle_max = options_.idle_max_;
    limits.idle = options_.idle_limit_;
    pool_ = std::make_unique<ConnectionPool>(limits);
    DialOptions dialing;
    dialing.all = options_.connect_;
    dialing.name = options_.name_;
    dialing.tcp = options_.tcp_;
    dialing.tls = options_.tls_limit_;
    dialing.addresses_kept = options_.addresses_kept_;
    dialing.socket = options_.socket_;
    dialing.unix_socket = options_.unix_socket_;
    if (options_.proxies_) dialing.proxies = *options_.proxies_;
    dialer_ = std::make_unique<Dialer>(dialing, options_.tls_);
}
Client::~Client() = default;

std::size_t Client::idle() const noexcept {
    return pool_->idle();
}

Task<Result<Response>> Client::send(Request request, CallOptions options) {
    return gather_body(open(std::move(request), options));
}

Task<Result<Response>> Client::gather_body(Task<Result<ResponseStream>> opening) {
    Result<ResponseStream> stream = co_await std::move(opening);
    if (!stream) co_return std::move(stream).error();
    std::string body;
    for (;;) {
        Result<Bytes> piece = co_await stream->read();
        if (!piece) co_return std::move(piece).error();
        if (piece->empty()) break;
        if (body.size() + piece->size() > options_.body_max_) {
            co_return too_large(options_.body_max_);
        }
        body.append(as_text(*piece));
    }
    co_return Response(stream->take_head(), std::move(body));
}

Task<Result<Response>> Client::send(Request request, BodySource& body) {
    return gather_body(open(std::move(request), body));
}

Task<Result<ResponseStream>> Client::open(Request request, CallOptions options) {
    auto outgoing = std::make_unique<Outgoing>(std::move(request), nullptr);
    outgoing->deadline = options.deadline_;
    outgoing->times = options.times_;
    return begin(std::move(outgoing));
}

Task<Result<ResponseStream>> Client::open(Request request, BodySource& body) {
    return begin(std::make_unique<Outgoing>(std::move(request), &body));
}

Task<Result<ResponseStream>> Client::begin(std::unique_ptr<Outgoing> outgoing) {
    Headers& headers = outgoing->request.headers();
    if (options_.expansion_ && !headers.contains("Accept-Encoding")) {
        headers.add("Accept-Encoding", ContentDecoder::kAccepted);
    }
    if (options_.redirects_) return follow(std::move(outgoing));
    Outgoing& sent = *outgoing;
    return hop(sent, sent.deadline, std::move(outgoing));
}

Task<Result<ResponseStream>> Client::hop(Outgoing& outgoing, Instant deadline,
                                         std::unique_ptr<Outgoing> owned) {
    if (options_.proxies_) address_to_proxy(outgoing);
    if (options_.observer_ == nullptr) return exchange(outgoing, deadline, std::move(owned));
    return observed_exchange(outgoing, deadline, std::move(owned));
}

Task<Result<ResponseStream>> Client::observed_exchange(Outgoing& outgoing, Instant deadline,
                                                       std::unique_ptr<Outgoing>) {
    RequestTimes times;
    RequestTimes* const asked = std::exchange(outgoing.times, &times);
    options_.observer_->on_request(outgoing.request);
    Result<ResponseStream> answer = co_await exchange(outgoing, deadline, nullptr);
    outgoing.note(&RequestTimes::answered);
    if (answer) {
        options_.observer_->on_answer(outgoing.request, answer->head(), times);
    } else {
        options_.observer_->on_failure(outgoing.request, answer.error(), times);
    }
    outgoing.times = asked;
    if (asked != nullptr) *asked = times;
    co_return answer;
}

// An answer that leads elsewhere is read to its end, if that comes soon, so that its connection can
// be used again.
Task<Result<ResponseStream>> Client::follow(std::unique_ptr<Outgoing> outgoing) {
    constexpr Duration kDrainLimit = std::chrono::seconds(1);
    const Instant deadline =
        std::min(outgoing->deadline, saturating_add(Reactor::current().now(), options_.call_));
    Redirects redirects(*options_.redirects_);
    for (;;) {
        Result<ResponseStream> answer = co_await hop(*outgoing, deadline, nullptr);
        if (!answer) co_return answer;
        const Request& sent = outgoing->request;
        Result<std::optional<Redirect>> next =
            redirects.follow(sent.method(), sent.url(), sent.headers(), answer->head());
        if (!next) co_return std::move(next).error();
        if (!*next) co_return answer;
        co_await answer->drain(kDrainLimit);
        Result<void> possible = outgoing->redirect(**std::move(next));
        if (!possible) co_return std::move(possible).error();
    }
}

// RFC 9112, 3.2.2. Who speaks through a tunnel speaks as if there were no proxy.
void Client::address_to_proxy(Outgoing& outgoing) {
    const Url& url = outgoing.request.url();
    const Proxy* proxy =
        url.is_secure() || options_.unix_socket_ ? nullptr : options_.proxies_->proxy_for(url);
    outgoing.form = proxy == nullptr ? TargetForm::origin : TargetForm::absolute;
    if (proxy == nullptr || proxy->authorization().empty()) return;
    outgoing.request.headers().set("Proxy-Authorization", proxy->authorization());
}

Result<ResponseStream> Client::answer_on(std::unique_ptr<Connection> connection) {
    ResponseStream stream(*this, std::move(connection));
    if (options_.expansion_) {
        Result<void> decoded = stream.decode(*options_.expansion_);
        if (!decoded) return std::move(decoded).error();
    }
    return stream;
}

// One request over one connection; over a second one where the first was stale, or where the server
// does not know what Expect means (RFC 9110, 10.1.1).
Task<Result<ResponseStream>> Client::exchange(Outgoing& outgoing, Instant deadline,
                                              std::unique_ptr<Outgoing> owned) {
    const bool is_owner = owned != nullptr;
    RequestTimes* const times = outgoing.times;  // `outgoing` may be gone when the answer comes
    deadline = std::min(deadline, saturating_add(Reactor::current().now(), options_.call_));
    outgoing.note(&RequestTimes::begun);
    std::unique_ptr<Connection> connection = take_idle(outgoing.request.url());
    for (bool is_usable = connection != nullptr;; is_usable = false) {
        if (!is_usable) {
            const Url& url = outgoing.request.url();
            Result<Turn> granted = co_await turn_by(deadline, url, std::move(connection));
            if (!granted) co_return std::move(granted).error();
            Result<std::unique_ptr<Connection>> fresh = co_await connect(url, deadline, *granted);
            if (!fresh) co_return std::move(fresh).error();
            connection = *std::move(fresh);
            if (!connection->has_been_idle()) outgoing.note(&RequestTimes::connected);
        }
        connection->set_deadline(deadline);
        Result<ParserEvent> head = co_await connection->exchange(outgoing, &owned);
        const bool is_spent = is_owner && owned == nullptr;
        if (is_spent || !should_be_sent_again(outgoing, *connection, head, options_.resend_)) {
            if (times != nullptr) times->answered = Reactor::current().now();
            if (head) co_return answer_on(std::move(connection));
            co_return std::move(head).error().with_context(connection->origin().name);
        }
    }
}

// Without a wait, or not at all.
std::unique_ptr<Connection> Client::take_idle(const Url& url) {
    std::optional<Place> place = pool_->try_place(url);
    if (!place) return nullptr;
    std::unique_ptr<Connection> connection = pool_->take_idle(place->origin());
    if (connection != nullptr) connection->take_place(*std::move(place));
    return connection;
}

// Ten thousand calls may wait here at once: a frame of its own, and the smallest that will do.
Task<Result<Turn>> Client::turn(const Url& url, std::unique_ptr<Connection> stale,
                                bool* has_place) {
    const bool must_be_new = stale != nullptr;
    std::optional<Place> place =
        must_be_new ? std::optional<Place>(stale->give_up_place()) : pool_->try_place(url);
    stale.reset();
    if (!place) place = co_await pool_->place(url);
    if (has_place != nullptr) *has_place = true;
    Permit permit = co_await connecting_.acquire();
    co_return Turn(*std::move(place), std::move(permit), must_be_new);
}

Task<Result<Turn>> Client::turn_by(Instant deadline, const Url& url,
                                   std::unique_ptr<Connection> stale) {
    if (deadline == kNever) return turn(url, std::move(stale), nullptr);
    return timed_turn(deadline, url, std::move(stale));
}

Task<Result<Turn>> Client::timed_turn(Instant deadline, const Url& url,
                                      std::unique_ptr<Connection> stale) {
    bool has_place = false;
    Result<Turn> granted = co_await timeout_at(deadline, turn(url, std::move(stale), &has_place));
    if (granted) co_return granted;
    const char* const what =
        has_place ? "a turn to connect" : "others to end, for the limit of connections is reached";
    co_return timed_out_waiting(what, Duration(), false).with_context(url.origin());
}

// Also an idle connection, unless the turn must be a new one's, if others have given one back while
// this call waited. The limit of connecting counts from here: those before us do not use it up.
Task<Result<std::unique_ptr<Connection>>> Client::connect(const Url& url, Instant deadline,
                                                          Turn& turn) {
    if (!turn.must_be_new) {
        std::unique_ptr<Connection> idle = pool_->take_idle(turn.place.origin());
        if (idle != nullptr) {
            idle->take_place(std::move(turn.place));
            co_return idle;
        }
    }
    Result<Transport> transport = co_await dialer_->dial(url, deadline);
    if (!transport) co_return std::move(transport).error().with_context(url.origin());
    ++opened_;
    co_return std::make_unique<Connection>(*std::move(transport), std::move(turn.place), *limits_);
}

void Client::give_back(std::unique_ptr<Connection> connection) {
    if (connection->is_reusable()) pool_->give_back(std::move(connection));
}

}  // namespace weir::http
