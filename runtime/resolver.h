// SPDX-License-Identifier: MIT
//
// Host names to addresses. The system's resolver blocks, so it is asked on another thread; a
// numeric address is answered at once, and the simulator answers from its own world.
#pragma once

#include <weir/runtime/address.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/task.h>
#include <weir/runtime/tcp.h>
#include <cstdint>
#include <string>
#include <vector>

namespace weir {

/// All addresses of `host` (a name, or a numeric address without brackets), in the order in which
/// they should be tried; at least one. Errc::name_not_found, or Errc::name_server_failed where a
/// retry may help; both name the host.
Task<Result<std::vector<Endpoint>>> resolve(std::string host, std::uint16_t port);

/// Resolves and connects to the address that answers first, as connect_any() does.
Task<Result<TcpStream>> connect_tcp(std::string host, std::uint16_t port);

}  // namespace weir
