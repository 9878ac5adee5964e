// SPDX-License-Identifier: MIT
//
// What the contests about HTTP share. Each client has the first CPU, and a server, in a process of
// its own and new for each run, the second: so no run meets the closed connections of the one
// before.
#pragma once

#include <initializer_list>
#include <string>

#include "bench/contest.h"

namespace weir::bench {

Command http_server(std::size_t delay_milliseconds, TlsMode mode = TlsMode::none);

/// Makes as many calls as the first of `numbers` says, to `server`.
Contender http_client(std::string peer, Command command, std::initializer_list<std::size_t> numbers,
                      Command server);
/// Makes so many calls at once, and is measured less what one call takes.
Contender http_crowd(std::string peer, Command command, std::size_t calls, Command server);

/// On each backend.
void enter_weir(Contest& contest, const Contender& weir);

double microseconds_of_cpu(const Reading& reading);
/// How many calls the server had at one time: were they all in flight at once?
double pending_peak(const Reading& reading);

/// The contests for which it matters how a connection is made: kept and new ones, TLS.
Result<void> run_connection_contests(const Plan& plan, Report& report);

using HttpContest = Result<void> (*)(const Plan& plan, Report& report);
/// All of them; the error is that of the last one that had any.
Result<void> run_all(std::initializer_list<HttpContest> contests, const Plan& plan, Report& report);

}  // namespace weir::bench
