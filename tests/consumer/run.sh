#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Builds and runs the consumer project with weir got in one way, in a fresh folder:
#   run.sh package WORK BUILD       weir as installed from the build folder BUILD
#   run.sh runtime-only WORK        weir built and installed without HTTP and LLM; the libraries
#                                   which those need are hidden from it and from the consumer
#   run.sh subdirectory|fetch WORK  weir's sources, built along with the consumer
# CMAKE, CXX and CXXFLAGS are taken from the environment.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cmake=${CMAKE:-cmake}
way=$1
work=$2/$way

rm -rf "$work"
mkdir -p "$work"
hidden=(-DCMAKE_DISABLE_FIND_PACKAGE_{OpenSSL,ZLIB,simdjson,CLI11}=ON)

consume() {
    "$cmake" -S "$here" -B "$work/build" -G Ninja "$@"
    "$cmake" --build "$work/build"
    "$work/build/consumer"
    echo "consumer: weir from $way works"
}

case $way in
    package)
        "$cmake" --install "$3" --prefix "$work/prefix"
        consume -DWEIR_FROM=package -DCMAKE_PREFIX_PATH="$work/prefix"
        ;;
    runtime-only)
        "$cmake" -S "$root" -B "$work/weir" -G Ninja -DWEIR_HTTP=OFF -DWEIR_TESTS=OFF "${hidden[@]}"
        "$cmake" --build "$work/weir"
        "$cmake" --install "$work/weir" --prefix "$work/prefix"
        consume -DWEIR_FROM=package -DCMAKE_PREFIX_PATH="$work/prefix" "${hidden[@]}"
        ;;
    subdirectory | fetch)
        consume -DWEIR_FROM="$way" -DWEIR_ROOT="$root" -DWEIR_HTTP=OFF "${hidden[@]}"
        ;;
    *)
        echo "run.sh: unknown way '$way': use package, runtime-only, subdirectory or fetch" >&2
        exit 2
        ;;
esac
