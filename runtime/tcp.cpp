// SPDX-License-Identifier: MIT
#include <weir/runtime/tcp.h>

#include <weir/runtime/backend.h>

namespace weir {

static_assert(sizeof(TcpStream) == sizeof(void*));

Result<TcpListener> TcpListener::bind(const Endpoint& local, int backlog, bool shares_port) {
    detail::Backend& backend = Reactor::current().backend();
    Result<int> fd = backend.listen(local.sockaddr_bytes(), backlog, shares_port);
    if (!fd) return std::move(fd).error();
    detail::SlotHandle slot(
        detail::SocketSlot::make(*fd, detail::OperationKind::accept, detail::OperationKind::send));
    Result<Endpoint> bound = backend.local_endpoint(*fd);
    if (!bound) return std::move(bound).error();
    return TcpListener(std::move(slot), *bound);
}

}  // namespace weir
