// SPDX-License-Identifier: MIT
#include <weir/llm/wire/message.h>

#include <weir/llm/wire/base64.h>

namespace weir::llm {

std::string_view to_string(Role role) noexcept {
    switch (role) {
        case Role::system:
            return "system";
        case Role::developer:
            return "developer";
        case Role::user:
            return "user";
        case Role::assistant:
            return "assistant";
        case Role::tool:
            return "tool";
    }
    return "user";
}

Part Part::image(std::string_view bytes, std::string media_type) {
    return Part(Kind::image, to_base64(bytes), std::move(media_type));
}

Part Part::audio(std::string_view bytes, std::string media_type) {
    return Part(Kind::audio, to_base64(bytes), std::move(media_type));
}

Part Part::file(std::string_view bytes, std::string media_type, std::string name) {
    Part part(Kind::file, to_base64(bytes), std::move(media_type));
    part.name = std::move(name);
    return part;
}

}  // namespace weir::llm
