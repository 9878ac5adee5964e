// SPDX-License-Identifier: MIT
#include <weir/llm/secret.h>

#include <string.h>

#include <cstddef>
#include <ostream>
#include <utility>

namespace weir::llm {
namespace {

constexpr std::string_view kStars = "***";

}  // namespace

ApiKey::ApiKey(std::string key) : bytes_(key.begin(), key.end()) {
    // A plain memset() of what dies next may be left out by the compiler.
    ::explicit_bzero(key.data(), key.size());
}

ApiKey::ApiKey(ApiKey&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

ApiKey& ApiKey::operator=(const ApiKey& other) {
    return *this = ApiKey(other);
}

ApiKey& ApiKey::operator=(ApiKey&& other) noexcept {
    if (this != &other) {
        clear();
        bytes_ = std::exchange(other.bytes_, {});
    }
    return *this;
}

void ApiKey::clear() noexcept {
    if (!bytes_.empty()) ::explicit_bzero(bytes_.data(), bytes_.size());
}

bool operator==(const ApiKey& left, const ApiKey& right) noexcept {
    if (left.bytes_.size() != right.bytes_.size()) return false;
    unsigned difference = 0;
    for (std::size_t index = 0; index < left.bytes_.size(); ++index) {
        difference |= static_cast<unsigned char>(left.bytes_[index]) ^
                      static_cast<unsigned>(static_cast<unsigned char>(right.bytes_[index]));
    }
    return difference == 0;
}

std::string to_string(const ApiKey&) {
    return std::string(kStars);
}

std::ostream& operator<<(std::ostream& out, const ApiKey&) {
    return out << kStars;
}

std::string mask_secret(std::string_view text, const ApiKey& key) {
    const std::string_view secret = key.reveal();
    std::string masked;
    if (secret.empty()) return masked.append(text);
    for (;;) {
        const std::size_t at = text.find(secret);
        masked += text.substr(0, at);
        if (at == std::string_view::npos) return masked;
        masked += kStars;
        text.remove_prefix(at + secret.size());
    }
}

Error mask_secret(Error error, const ApiKey& key) {
    const std::string message = error.message();
    if (key.is_empty() || message.find(key.reveal()) == std::string::npos) return error;
    Error masked(error.code(), mask_secret(message, key));
    if (error.worth_retry()) {
        return std::move(masked).with_retry(*error.worth_retry(), error.retry_after());
    }
    return masked;
}

}  // namespace weir::llm
