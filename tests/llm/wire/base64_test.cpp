// SPDX-License-Identifier: MIT
#include <weir/llm/wire/base64.h>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

using weir::llm::from_base64;
using weir::llm::to_base64;

namespace {

struct Vector {
    std::string_view bytes;
    std::string_view text;
};

// RFC 4648, section 10.
constexpr Vector kVectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

}  // namespace

TEST(Base64, WritesAndReadsTheVectorsOfItsRfc) {
    for (const Vector& vector : kVectors) {
        EXPECT_EQ(to_base64(vector.bytes), vector.text);
        EXPECT_EQ(from_base64(vector.text), vector.bytes);
    }
}

TEST(Base64, ReadsTextWithoutPadding) {
    EXPECT_EQ(from_base64("Zg"), "f");
    EXPECT_EQ(from_base64("Zm8"), "fo");
}

TEST(Base64, KeepsEveryByte) {
    std::string bytes;
    for (int i = 0; i < 256; ++i)
        bytes += static_cast<char>(i);
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
}

TEST(Base64, RefusesWhatIsNotBase64) {
    for (const std::string_view text : {"Z", "Zg=", "Z===", "=", "Zm9v=", "Zm9vY",
                                        "Z g=", "Zh==", "Zm-v", "Zm9v\n", "Zg==Zg=="}) {
        EXPECT_EQ(from_base64(text), std::nullopt) << text;
    }
}
