// SPDX-License-Identifier: MIT
#include "runtime/backend/uring_entries.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "runtime/backend/system_backend.h"
#include "runtime/backend/uring_ring.h"

namespace weir::detail {
namespace {

constexpr std::size_t kBytesAtMost = std::size_t{1} << 30;  // an entry's length has 32 bits
// A stream that is read once or twice, as in most calls, gains nothing from being received for.
constexpr std::uint8_t kReadsBeforeGoingOn = 2;

void let_kernel_choose_buffer(io_uring_sqe* entry) noexcept {
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = UringRing::kBufferGroup;
}

void prepare_receive(io_uring_sqe* entry, ReceiveOperation& operation,
                     UringReceiving receiving) noexcept {
    const int fd = operation.fd;
    if (operation.buffer.data != nullptr) {
        io_uring_prep_recv(entry, fd, operation.buffer.data, receiving.buffer_size, 0);
        return;
    }
    if (operation.reads < kReadsBeforeGoingOn || !receiving.may_go_on) {
        io_uring_prep_recv(entry, fd, nullptr, receiving.buffer_size, 0);
        operation.reads = std::min<std::uint8_t>(operation.reads + 1, kReadsBeforeGoingOn);
    } else {
        io_uring_prep_recv_multishot(entry, fd, nullptr, 0, 0);
        operation.is_armed = true;
    }
    let_kernel_choose_buffer(entry);
}

void prepare_message(io_uring_sqe* entry, MessageOperation& operation,
                     std::size_t buffer_size) noexcept {
    if (operation.kind == OperationKind::send_to) {
        prepare_header(operation, operation.data.data(), operation.data.size());
        io_uring_prep_sendmsg(entry, operation.fd, &operation.header, MSG_NOSIGNAL);
        return;
    }
    prepare_header(operation, operation.buffer.data, buffer_size);
    io_uring_prep_recvmsg(entry, operation.fd, &operation.header, 0);
    if (operation.buffer.data == nullptr) let_kernel_choose_buffer(entry);
}

void prepare_file(io_uring_sqe* entry, FileOperation& operation) noexcept {
    const int fd = operation.fd;
    if (operation.kind == OperationKind::read_at) {
        const std::size_t size = std::min(operation.size, kBytesAtMost);
        io_uring_prep_read(entry, fd, operation.into, static_cast<unsigned>(size),
                           operation.offset);
    } else if (operation.kind == OperationKind::write_at) {
        const std::size_t size = std::min(operation.data.size(), kBytesAtMost);
        io_uring_prep_write(entry, fd, operation.data.data(), static_cast<unsigned>(size),
                            operation.offset);
    } else {
        io_uring_prep_fsync(entry, fd, 0);
    }
}

}  // namespace

void prepare_entry(io_uring_sqe* entry, Operation& operation, UringReceiving receiving) noexcept {
    const int fd = operation.fd;
    switch (operation.kind) {
        case OperationKind::accept:
            return io_uring_prep_accept(entry, fd, nullptr, nullptr, SOCK_CLOEXEC);
        case OperationKind::connect: {
            const Bytes address = operation.data;
            return io_uring_prep_connect(entry, fd,
                                         reinterpret_cast<const sockaddr*>(address.data()),
                                         static_cast<socklen_t>(address.size()));
        }
        case OperationKind::receive:
            return prepare_receive(entry, static_cast<ReceiveOperation&>(operation), receiving);
        case OperationKind::send:
            // MSG_WAITALL: the kernel goes on after a short send, in place.
            return io_uring_prep_send(entry, fd, operation.data.data(),
                                      std::min(operation.data.size(), kBytesAtMost),
                                      MSG_NOSIGNAL | MSG_WAITALL);
        case OperationKind::wait_readable:
            return io_uring_prep_poll_add(entry, fd, POLLIN);
        case OperationKind::receive_from:
        case OperationKind::send_to:
            return prepare_message(entry, static_cast<MessageOperation&>(operation),
                                   receiving.buffer_size);
        case OperationKind::read_at:
        case OperationKind::write_at:
        case OperationKind::sync:
            return prepare_file(entry, static_cast<FileOperation&>(operation));
    }
}

}  // namespace weir::detail
