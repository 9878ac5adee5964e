// SPDX-License-Identifier: MIT
//
// One connection of a server: reads its requests, runs the handler for each, and watches meanwhile
// for the client to go.
#pragma once

#include <weir/http/server.h>
#include <exception>

#include "http/request_reader.h"
#include "http/supervised.h"
#include "http/transport.h"

namespace weir::http {

class ServerConnection final : public Supervisor {
public:
    /// Both must outlive it. `requests` counts those that were answered.
    ServerConnection(TcpStream stream, const ServerOptions& options, const Server::Handler& handler,
                     std::uint64_t& requests) noexcept;

    /// To the connection's end.
    Task<void> serve();

private:
    Task<bool> watch() override;
    Task<void> serve_requests();
    Task<void> answer(Exchange& exchange);
    Task<void> refuse(const Error& error);

    Transport transport_;
    const ServerOptions& options_;
    const Server::Handler& handler_;
    std::uint64_t& requests_;
    RequestReader reader_;
};

}  // namespace weir::http
