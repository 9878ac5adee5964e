// SPDX-License-Identifier: MIT
//
// A key that does not show: it prints as stars, never turns into a string by itself, and its memory
// is cleared when it dies. mask_secret() keeps it out of what others have said.
#pragma once

#include <weir/runtime/base/error.h>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace weir::llm {

/// A secret, such as the key of an API. Copyable; each copy clears its own memory.
class ApiKey {
public:
    ApiKey() noexcept = default;
    /// Keeps a copy, and clears `key`. What the caller copied it from is the caller's to clear.
    explicit ApiKey(std::string key);
    ApiKey(const ApiKey&) = default;
    ApiKey(ApiKey&& other) noexcept;
    ApiKey& operator=(const ApiKey& other);
    ApiKey& operator=(ApiKey&& other) noexcept;
    ~ApiKey() { clear(); }

    /// The secret itself, as long as this object lives and is not assigned to. Call it only where
    /// the bytes are sent, and look for this name to find all places that could leak it.
    std::string_view reveal() const noexcept { return {bytes_.data(), bytes_.size()}; }
    bool is_empty() const noexcept { return bytes_.empty(); }

    /// Takes the same time wherever the two differ, where they are of one length.
    friend bool operator==(const ApiKey& left, const ApiKey& right) noexcept;

private:
    void clear() noexcept;

    std::vector<char> bytes_;  // no string: a short one would be left behind by a move
};

/// "***", whatever the key is.
std::string to_string(const ApiKey& key);
std::ostream& operator<<(std::ostream& out, const ApiKey& key);

/// `text` with "***" wherever the key was. An empty key hides nothing.
std::string mask_secret(std::string_view text, const ApiKey& key);
/// The same error, with the key masked in its message. An exception inside is dropped where its
/// words held the key.
Error mask_secret(Error error, const ApiKey& key);

}  // namespace weir::llm
