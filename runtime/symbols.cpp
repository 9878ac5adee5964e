// SPDX-License-Identifier: MIT
#include <weir/runtime/symbols.h>

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace weir::detail {
namespace {

/// `count` objects of the file at `offset`; null where the file is too short for them.
template <typename T>
const T* view(std::string_view file, std::size_t offset, std::size_t count) {
    if (offset > file.size() || count > (file.size() - offset) / sizeof(T)) return nullptr;
    return reinterpret_cast<const T*>(file.data() + offset);
}

std::string demangle(const char* name) {
    // What clang calls its clones is no mangled name, so they go first.
    std::string plain(name);
    for (const std::string_view suffix : {".cold", ".resume", ".actor", ".cleanup", ".destroy"}) {
        if (plain.ends_with(suffix)) plain.resize(plain.size() - suffix.size());
    }
    for (const std::string& mangled : {plain, std::string(name)}) {
        int status = 0;
        char* text = abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status);
        if (text == nullptr) continue;
        std::string demangled(text);
        std::free(text);
        return demangled;
    }
    return plain;
}

std::string hex(std::uintptr_t number) {
    char digits[2 * sizeof number];
    const auto end = std::to_chars(digits, digits + sizeof digits, number, 16).ptr;
    return "0x" + std::string(digits, end);
}

std::string_view file_part(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

/// Where the program itself is loaded, and how its file is called.
class Program {
public:
    Program() : table_("/proc/self/exe") {
        ::dl_iterate_phdr(
            [](dl_phdr_info* info, std::size_t, void* self) {
                static_cast<Program*>(self)->note(*info);
                return 1;  // the first is the program
            },
            this);
        char path[4096];
        const auto size = ::readlink("/proc/self/exe", path, sizeof path);
        if (size > 0) name_ = file_part(std::string_view(path, static_cast<std::size_t>(size)));
    }

    bool has(std::uintptr_t address) const noexcept { return begin_ <= address && address < end_; }
    std::uintptr_t base() const noexcept { return base_; }
    const SymbolTable& table() const noexcept { return table_; }
    const std::string& name() const noexcept { return name_; }

private:
    void note(const dl_phdr_info& info) {
        base_ = info.dlpi_addr;
        for (int i = 0; i < info.dlpi_phnum; ++i) {
            const auto& segment = info.dlpi_phdr[i];
            if (segment.p_type != PT_LOAD) continue;
            begin_ = std::min(begin_, base_ + segment.p_vaddr);
            end_ = std::max(end_, base_ + segment.p_vaddr + segment.p_memsz);
        }
    }

    SymbolTable table_;
    std::uintptr_t base_ = 0;
    std::uintptr_t begin_ = ~std::uintptr_t{0};
    std::uintptr_t end_ = 0;
    std::string name_ = "the program";
};

// The end of the group that begins at `at` with an opening bracket.
std::size_t end_of_group(std::string_view text, std::size_t at, char open, char close) {
    int depth = 0;
    for (; at < text.size(); ++at) {
        if (text[at] == open) ++depth;
        if (text[at] == close && --depth == 0) return at + 1;
    }
    return text.size();
}

}  // namespace

SymbolTable::SymbolTable(const char* path) {
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    struct stat about{};
    if (::fstat(fd, &about) == 0 && about.st_size > 0) {
        const auto size = static_cast<std::size_t>(about.st_size);
        void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (mapped != MAP_FAILED) file_ = std::string_view(static_cast<const char*>(mapped), size);
    }
    ::close(fd);
    read();
}

SymbolTable::~SymbolTable() {
    if (!file_.empty()) ::munmap(const_cast<char*>(file_.data()), file_.size());
}

void SymbolTable::read() {
    const auto* header = view<ElfW(Ehdr)>(file_, 0, 1);
    if (header == nullptr || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return;
    if (header->e_ident[EI_CLASS] != (sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32)) return;
    const auto* sections = view<ElfW(Shdr)>(file_, header->e_shoff, header->e_shnum);
    if (sections == nullptr) return;
    // The full table where there is one; else the one for the dynamic linker.
    for (const auto type : {SHT_SYMTAB, SHT_DYNSYM}) {
        for (std::size_t i = 0; i < header->e_shnum && functions_.empty(); ++i) {
            const auto& section = sections[i];
            if (section.sh_type != static_cast<unsigned>(type)) continue;
            if (section.sh_link >= header->e_shnum) continue;
            const auto& strings = sections[section.sh_link];
            const std::size_t count = section.sh_size / sizeof(ElfW(Sym));
            const auto* symbols = view<ElfW(Sym)>(file_, section.sh_offset, count);
            const auto* names = view<char>(file_, strings.sh_offset, strings.sh_size);
            if (symbols == nullptr || names == nullptr || strings.sh_size == 0) continue;
            if (names[strings.sh_size - 1] != '\0') continue;
            for (std::size_t n = 0; n < count; ++n) {
                const auto& symbol = symbols[n];
                if ((symbol.st_info & 0xf) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) continue;
                if (symbol.st_name >= strings.sh_size) continue;
                functions_.push_back({symbol.st_value, symbol.st_size, names + symbol.st_name});
            }
        }
    }
    std::sort(functions_.begin(), functions_.end(),
              [](const Function& a, const Function& b) { return a.begin < b.begin; });
}

const char* SymbolTable::find(std::uintptr_t address) const noexcept {
    auto next = std::upper_bound(
        functions_.begin(), functions_.end(), address,
        [](std::uintptr_t wanted, const Function& function) { return wanted < function.begin; });
    if (next == functions_.begin()) return nullptr;
    const Function& function = *--next;
    const bool is_inside = address - function.begin < std::max<std::size_t>(function.size, 1);
    return is_inside ? function.name : nullptr;
}

std::string function_name(const void* code) {
    static const Program program;
    const auto address = reinterpret_cast<std::uintptr_t>(code);
    if (program.has(address)) {
        const char* name = program.table().find(address - program.base());
        if (name != nullptr) return shorten_function_name(demangle(name));
        return hex(address - program.base()) + " in " + program.name();
    }
    Dl_info info{};
    if (::dladdr(code, &info) == 0 || info.dli_fname == nullptr) return hex(address);
    if (info.dli_sname != nullptr) return shorten_function_name(demangle(info.dli_sname));
    return hex(address - reinterpret_cast<std::uintptr_t>(info.dli_fbase)) + " in " +
           std::string(file_part(info.dli_fname));
}

std::string shorten_function_name(std::string_view demangled) {
    std::string name;
    std::size_t at = 0;
    const auto skip = [&](std::string_view text) {
        if (!demangled.substr(at).starts_with(text)) return false;
        at += text.size();
        return true;
    };
    while (at < demangled.size()) {
        if (skip("(anonymous namespace)::") || skip("::operator()")) continue;
        const char letter = demangled[at];
        if (letter == '(') {
            at = end_of_group(demangled, at, '(', ')');
        } else if (letter == '<') {
            at = end_of_group(demangled, at, '<', '>');
        } else if (letter == '[') {
            at = end_of_group(demangled, at, '[', ']');
        } else if (letter == '{') {
            at = end_of_group(demangled, at, '{', '}');
            name += "lambda";
        } else if (skip("$_")) {
            while (at < demangled.size() && demangled[at] >= '0' && demangled[at] <= '9')
                ++at;
            name += "lambda";
        } else if (skip(" const")) {
            continue;
        } else {
            name += letter;
            ++at;
        }
    }
    while (name.ends_with(' '))
        name.pop_back();
    // A template's return type stands before its name.
    return name.substr(name.rfind(' ') + 1);
}

std::string task_name(const void* outermost, const void* innermost) {
    if (outermost == nullptr) return "(ended)";
    std::string name = function_name(outermost);
    if (innermost != nullptr && innermost != outermost) name += " > " + function_name(innermost);
    return name;
}

}  // namespace weir::detail
