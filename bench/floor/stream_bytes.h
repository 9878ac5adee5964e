// SPDX-License-Identifier: MIT
//
// What goes over the wire in the benchmarks of streams: an answer in chunks of one token each, as
// servers of Chat Completions send it. All tokens together are a text whose length is known.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::bench::floor {

/// The token of chunk `number`; a few, in turn.
std::string_view token(std::size_t number) noexcept;
/// The bytes of all tokens of a stream of so many chunks.
std::size_t text_bytes(std::size_t chunks) noexcept;

/// Head of the response.
std::string stream_head();
/// The event of chunk `number`, in a chunk of the transfer coding.
std::string stream_chunk(std::size_t number);
/// The finish reason, the end mark, and the end of the body.
std::string stream_end();

}  // namespace weir::bench::floor
