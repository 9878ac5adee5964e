// SPDX-License-Identifier: MIT
//
// `operator new` for a program whose tests use FailingMemory: to be included by one source of it.
// All forms, since sanitizers bring each as a function of its own.
#pragma once

#include <cstddef>
#include <new>

#include "tests/support/failing_memory.h"

void* operator new(std::size_t size) {
    return weir::test::FailingMemory::allocate_or_throw(size, 1);
}
void* operator new[](std::size_t size) {
    return weir::test::FailingMemory::allocate_or_throw(size, 1);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return weir::test::FailingMemory::allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
    return weir::test::FailingMemory::allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return weir::test::FailingMemory::allocate(size, 1);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return weir::test::FailingMemory::allocate(size, 1);
}
void operator delete(void* block) noexcept {
    weir::test::FailingMemory::free(block);
}
void operator delete[](void* block) noexcept {
    weir::test::FailingMemory::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
    weir::test::FailingMemory::free(block);
}
void operator delete[](void* block, std::size_t) noexcept {
    weir::test::FailingMemory::free(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
    weir::test::FailingMemory::free(block);
}
void operator delete[](void* block, std::align_val_t) noexcept {
    weir::test::FailingMemory::free(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
    weir::test::FailingMemory::free(block);
}
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept {
    weir::test::FailingMemory::free(block);
}
void operator delete(void* block, const std::nothrow_t&) noexcept {
    weir::test::FailingMemory::free(block);
}
void operator delete[](void* block, const std::nothrow_t&) noexcept {
    weir::test::FailingMemory::free(block);
}
