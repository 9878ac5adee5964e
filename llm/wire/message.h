// SPDX-License-Identifier: MIT
//
// One message of a chat: who says it, its text or its parts (images, sound, files), the calls of
// functions that a model asked for, and their results. How that looks on the wire depends on the
// protocol and is the writers' affair.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::llm {

/// Who says a message. `developer` is what OpenAI's newer models call the system; where a protocol
/// knows no such role, both are written as its own.
enum class Role { system, developer, user, assistant, tool };

/// The role's name in Chat Completions.
std::string_view to_string(Role role) noexcept;

/// A piece of a message that has more than one, or that is not text.
class Part {
public:
    enum class Kind {
        text,   ///< data: the text
        image,  ///< data: base64, or a URL if media_type is empty
        audio,  ///< data: base64
        file,   ///< data: base64, or the id of an uploaded file if media_type is empty
    };

    static Part text(std::string words) { return Part(Kind::text, std::move(words), ""); }
    /// An image that the server is to fetch itself.
    static Part image_url(std::string url) { return Part(Kind::image, std::move(url), ""); }
    /// An image in bytes; `media_type` such as "image/png".
    static Part image(std::string_view bytes, std::string media_type);
    /// Sound in bytes; `media_type` is "audio/wav" or "audio/mp3".
    static Part audio(std::string_view bytes, std::string media_type);
    /// A file in bytes, such as a document of "application/pdf".
    static Part file(std::string_view bytes, std::string media_type, std::string name);
    /// A file that was uploaded before.
    static Part file_id(std::string id) { return Part(Kind::file, std::move(id), ""); }

    Kind kind;
    std::string data;
    std::string media_type;
    std::string name;    ///< of a file; may be empty
    std::string detail;  ///< of an image, for servers that know it: "auto", "low", "high"

private:
    Part(Kind what, std::string content, std::string type)
        : kind(what), data(std::move(content)), media_type(std::move(type)) {}
};

/// A function that the model wants called.
class ToolCall {
public:
    ToolCall() = default;
    ToolCall(std::string call_id, std::string function, std::string json)
        : id(std::move(call_id)), name(std::move(function)), arguments(std::move(json)) {}

    std::string id;         ///< goes back with the result
    std::string name;       ///< of the function
    std::string arguments;  ///< JSON as the model wrote it, which may be invalid; "{}" for none
    /// Members that some servers want back unchanged, as the inside of a JSON object; mostly empty.
    std::string extra;

    friend bool operator==(const ToolCall&, const ToolCall&) = default;
};

/// One message of a chat.
class Message {
public:
    Message(Role who, std::string what) : role(who), text(std::move(what)) {}
    Message(Role who, std::vector<Part> what) : role(who), parts(std::move(what)) {}

    /// The result of a call that the model had asked for.
    static Message tool_result(std::string call_id, std::string result) {
        Message message(Role::tool, std::move(result));
        message.tool_call_id = std::move(call_id);
        return message;
    }
    /// What the model said when it asked for calls.
    static Message with_calls(std::string words, std::vector<ToolCall> calls) {
        Message message(Role::assistant, std::move(words));
        message.tool_calls = std::move(calls);
        return message;
    }

    Role role;
    std::string text;                  ///< of a message without parts
    std::vector<Part> parts;           ///< instead of the text, if there are any
    std::vector<ToolCall> tool_calls;  ///< of an assistant's message
    std::string tool_call_id;          ///< of a tool's message: the call that it answers
    bool is_error = false;             ///< of a tool's message: the call failed, the text says why
    /// Blocks of reasoning that the server wants back unchanged, as a JSON array; mostly empty.
    /// AnswerBuilder and the decoders fill it in.
    std::string reasoning_blocks;
};

}  // namespace weir::llm
