// SPDX-License-Identifier: MIT
//
// Texts in the codings of bodies, by zlib, for tests.
#pragma once

#include <gtest/gtest.h>

#include <zlib.h>

#include <string>
#include <string_view>

namespace weir::http {

inline constexpr int kZlib = MAX_WBITS;
inline constexpr int kGzip = MAX_WBITS + 16;
inline constexpr int kRaw = -MAX_WBITS;

inline std::string encoded(std::string_view text, int format = kGzip, int level = 9) {
    z_stream zlib{};
    EXPECT_EQ(deflateInit2(&zlib, level, Z_DEFLATED, format, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(deflateBound(&zlib, text.size()) + 64, '\0');
    std::string in(text);
    zlib.next_in = reinterpret_cast<Bytef*>(in.data());
    zlib.avail_in = static_cast<uInt>(in.size());
    zlib.next_out = reinterpret_cast<Bytef*>(out.data());
    zlib.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&zlib, Z_FINISH), Z_STREAM_END);
    out.resize(zlib.total_out);
    deflateEnd(&zlib);
    return out;
}

}  // namespace weir::http
