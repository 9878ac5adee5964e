// SPDX-License-Identifier: MIT
//
// One connection of a server: reads its requests, runs the handler for each, and watches meanwhile
// for the client to go.
#pragma once

#include <weir/http/server.h>
#include <exception>
#include <string>

#include "http/request_reader.h"
#include "http/server_core.h"
#include "http/supervised.h"
#include "http/transport.h"

namespace weir::http {

class ServerConnection final : public Supervisor {
public:
    /// `core` must outlive it.
    ServerConnection(ServerCore& core, TcpStream stream);

    /// To the connection's end.
    Task<void> serve();

private:
    Task<bool> watch() override;
    Task<void> serve_requests();
    Task<void> answer(Exchange& exchange);
    Task<Result<void>> run_handler(Exchange& exchange);
    void report(const Exchange& exchange, Duration duration);
    void report(AccessRecord& record);
    Task<void> refuse(const Error& error);
    Task<bool> send_refusal(int status, std::string body);
    Task<void> close();

    ServerCore& core_;
    const ServerOptions& options_;
    Transport transport_;
    RequestReader reader_;
    std::exception_ptr exception_;  // of the last handler
    std::uint64_t answered_ = 0;
    bool lingers_ = false;  // the client may be sending still
};

}  // namespace weir::http
