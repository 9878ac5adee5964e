// SPDX-License-Identifier: MIT
#include <weir/runtime/resolver.h>

#include <netdb.h>
#include <sys/socket.h>

#include <weir/runtime/connect_any.h>
#include <weir/runtime/offload.h>
#include <memory>
#include <optional>
#include <utility>

namespace weir {
namespace {

Error lookup_failure(const std::string& host, int status) {
    const std::string reason = "looking up \"" + host + "\": " + ::gai_strerror(status);
    if (status == EAI_AGAIN || status == EAI_MEMORY || status == EAI_SYSTEM) {
        return Error(Errc::name_server_failed, reason).with_retry(true);
    }
    return Error(Errc::name_not_found, reason + " (check the spelling of the host)");
}

// Blocks; runs on a thread of the pool.
Result<std::vector<Endpoint>> look_up(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
    if (status != 0) return lookup_failure(host, status);
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, &::freeaddrinfo);
    std::vector<Endpoint> endpoints;
    for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
        const Bytes raw(reinterpret_cast<const std::byte*>(each->ai_addr), each->ai_addrlen);
        Result<Endpoint> endpoint = Endpoint::from_sockaddr(raw);
        if (endpoint) endpoints.push_back(endpoint->with_port(port));
    }
    if (endpoints.empty()) return lookup_failure(host, EAI_NONAME);
    return endpoints;
}

}  // namespace

Task<Result<std::vector<Endpoint>>> resolve(std::string host, std::uint16_t port) {
    if (Result<Endpoint> numeric = Endpoint::parse(host, port)) {
        co_return std::vector<Endpoint>(1, *numeric);
    }
    std::optional<Result<std::vector<Endpoint>>> answer =
        Reactor::current().backend().resolve(host, port);
    if (answer) co_return std::move(*answer);
    auto work = [host, port] {
        return look_up(host, port);
    };
    co_return co_await offload_abandonable(std::move(work));
}

Task<Result<TcpStream>> connect_tcp(std::string host, std::uint16_t port) {
    Result<std::vector<Endpoint>> endpoints = co_await resolve(std::move(host), port);
    if (!endpoints) co_return std::move(endpoints).error();
    co_return co_await connect_any(*std::move(endpoints));
}

}  // namespace weir
