// SPDX-License-Identifier: MIT
//
// What goes over the wire in the HTTP benchmarks, the same for weir and for the floors: a POST with
// a JSON body of 190 bytes, answered by a JSON body of 493.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <weir/runtime/base/result.h>

namespace weir::bench::floor {

inline constexpr std::size_t kRequestBodyBytes = 190;
inline constexpr std::size_t kResponseBodyBytes = 493;
inline constexpr std::string_view kPath = "/v1/chat/completions";

/// What the user says, and the model answers: the one string that differs in length.
std::string request_text();
std::string response_text();
std::string request_body();
/// Head and body, for the server at 127.0.0.1:`port`.
std::string request_bytes(std::uint16_t port);
/// Head and body; the connection stays open.
std::string response_bytes();

/// The bytes of a whole message whose head lies at the front of `bytes`; 0 while the head is not
/// complete. A message without Content-Length ends with its head.
std::size_t message_bytes(std::string_view bytes);

/// The server's answer is not what it should be.
Error strange_answer();

/// What a floor's client knows of one response. It takes the head in one piece, as one write of a
/// server on loopback delivers it.
class ResponseCounter {
public:
    enum class State { partial, complete, broken };
    State take(std::string_view bytes);

private:
    std::uint32_t bytes_left_ = 0;  // 0: the head has not come
};

}  // namespace weir::bench::floor
