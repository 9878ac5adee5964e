// SPDX-License-Identifier: MIT
//
// Names for code addresses, for reports about tasks: a coroutine frame begins with the address of
// its resume function. The program's own symbol table is read from its file, once, when the first
// name is asked for; shared objects are asked through dladdr. Nothing here is fast on first use.
#pragma once

#include <weir/runtime/unit.h>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// The functions of an ELF file, by address. The file stays mapped while the table lives.
class SymbolTable {
public:
    /// Empty where the file cannot be read or is no ELF file of this machine.
    explicit SymbolTable(const char* path);
    SymbolTable(const SymbolTable&) = delete;
    SymbolTable& operator=(const SymbolTable&) = delete;
    ~SymbolTable();

    std::size_t size() const noexcept { return functions_.size(); }
    /// The mangled name of the function around `address`, which counts from where the file is
    /// loaded; null where there is none.
    const char* find(std::uintptr_t address) const noexcept;

private:
    struct Function {
        std::uintptr_t begin;
        std::size_t size;
        const char* name;
    };

    void read();

    std::string_view file_;  // mapped
    std::vector<Function> functions_;
};

/// "app::Server::handle" for an address in that function or coroutine, "0x1234 in weir" where the
/// symbols were stripped. Any thread.
std::string function_name(const void* code);

/// Of a demangled name, what a person wants to read: scopes and the function, without arguments,
/// template arguments, return type and clone suffixes; a lambda is "outer::lambda".
std::string shorten_function_name(std::string_view demangled);

/// The function that resumes this frame; null where the coroutine stands at its end.
inline const void* resume_function(const PromiseBase& frame) noexcept {
    auto& promise = const_cast<PromiseBase&>(frame);
    return *static_cast<const void* const*>(promise.handle().address());
}

/// "outermost > innermost" for two frames' resume functions, or one name where they are the same
/// or `innermost` is not known, that is null.
std::string task_name(const void* outermost, const void* innermost);

}  // namespace weir::detail
