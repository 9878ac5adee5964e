// SPDX-License-Identifier: MIT
#include <weir/runtime/kernel_features.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace weir {
namespace {

constexpr std::array kAll = {
    KernelFeature::io_uring,        KernelFeature::deferred_completions,
    KernelFeature::wait_argument,   KernelFeature::no_drop,
    KernelFeature::buffer_ring,     KernelFeature::multishot_receive,
    KernelFeature::registered_ring, KernelFeature::epoll_pwait2,
    KernelFeature::pidfd,
};

std::string_view without_blanks(std::string_view text) {
    while (text.starts_with(' '))
        text.remove_prefix(1);
    while (text.ends_with(' '))
        text.remove_suffix(1);
    return text;
}

KernelFeatures all() {
    KernelFeatures features;
    for (const KernelFeature feature : kAll)
        features |= feature;
    return features;
}

Result<KernelFeature> feature_of(std::string_view name) {
    for (const KernelFeature feature : kAll) {
        if (to_string(feature) == name) return feature;
    }
    return Error(Errc::bad_argument, "there is no kernel feature \"" + std::string(name) +
                                         "\" to do without; there are " + all().to_string());
}

}  // namespace

std::string_view to_string(KernelFeature feature) noexcept {
    switch (feature) {
        case KernelFeature::io_uring:
            return "io_uring";
        case KernelFeature::deferred_completions:
            return "deferred_completions";
        case KernelFeature::wait_argument:
            return "wait_argument";
        case KernelFeature::no_drop:
            return "no_drop";
        case KernelFeature::buffer_ring:
            return "buffer_ring";
        case KernelFeature::multishot_receive:
            return "multishot_receive";
        case KernelFeature::registered_ring:
            return "registered_ring";
        case KernelFeature::epoll_pwait2:
            return "epoll_pwait2";
        case KernelFeature::pidfd:
            return "pidfd";
    }
    return "unknown";
}

Result<KernelFeatures> KernelFeatures::parse(std::string_view names) {
    KernelFeatures features;
    while (!names.empty()) {
        const std::size_t comma = std::min(names.find(','), names.size());
        const std::string_view name = without_blanks(names.substr(0, comma));
        names.remove_prefix(std::min(comma + 1, names.size()));
        if (name.empty()) continue;
        Result<KernelFeature> feature = feature_of(name);
        if (!feature) return std::move(feature).error();
        features |= *feature;
    }
    return features;
}

std::string KernelFeatures::to_string() const {
    std::string names;
    for (const KernelFeature feature : kAll) {
        if (!contains(feature)) continue;
        if (!names.empty()) names += ", ";
        names += weir::to_string(feature);
    }
    return names;
}

Result<KernelFeatures> features_without_by_environment() {
    const char* names = std::getenv("WEIR_WITHOUT");
    Result<KernelFeatures> features = KernelFeatures::parse(names == nullptr ? "" : names);
    if (features) return features;
    return std::move(features).error().with_context("WEIR_WITHOUT");
}

}  // namespace weir
