// SPDX-License-Identifier: MIT
//
// What the kernel has received for streams that nobody read at that moment: a FIFO for each,
// linked through the numbers of the buffers that the bytes lie in.
#pragma once

#include <weir/runtime/buffers.h>
#include <weir/runtime/operation.h>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::detail {

class UringArrivals {
public:
    explicit UringArrivals(BufferPool& buffers) : buffers_(buffers), arrivals_(buffers.count()) {}

    void push(ReceiveOperation& stream, BufferPool::Buffer buffer, int size) noexcept {
        arrivals_[buffer.number] = Arrival{size, ReceiveOperation::kNoBuffer};
        if (stream.arrivals++ == 0) {
            stream.first_arrival = buffer.number;
        } else {
            arrivals_[stream.last_arrival].next = buffer.number;
        }
        stream.last_arrival = buffer.number;
    }

    /// Into the operation's buffer; gives how many bytes. Precondition: there are arrivals.
    int pop(ReceiveOperation& stream) noexcept {
        const std::uint16_t number = stream.first_arrival;
        stream.buffer = BufferPool::Buffer{buffers_.buffer(number), number};
        stream.first_arrival = arrivals_[number].next;
        --stream.arrivals;
        return arrivals_[number].size;
    }

private:
    struct Arrival {
        int size = 0;
        std::uint16_t next = ReceiveOperation::kNoBuffer;
    };

    BufferPool& buffers_;
    std::vector<Arrival> arrivals_;  // by the number of the buffer
};

}  // namespace weir::detail
