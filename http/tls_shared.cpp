// SPDX-License-Identifier: MIT
#include "http/tls_shared.h"

#include <weir/runtime/base/assert.h>

#include <unistd.h>

#include <memory>

namespace weir::http {
namespace {

void free_shared(void*, void* shared, CRYPTO_EX_DATA*, int, long, void*) noexcept {
    delete static_cast<TlsShared*>(shared);
}

int slot() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_shared);
    WEIR_CHECK(index >= 0);
    return index;
}

}  // namespace

TlsShared::~TlsShared() {
    if (key_log >= 0) ::close(key_log);
}

bool TlsShared::attach(SSL_CTX* context) {
    auto shared = std::make_unique<TlsShared>();
    if (SSL_CTX_set_ex_data(context, slot(), shared.get()) != 1) return false;
    static_cast<void>(shared.release());  // free_shared has it now
    return true;
}

TlsShared& TlsShared::of(const SSL_CTX* context) noexcept {
    return *static_cast<TlsShared*>(SSL_CTX_get_ex_data(context, slot()));
}

}  // namespace weir::http
