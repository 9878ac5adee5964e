#!/bin/bash
# SPDX-License-Identifier: MIT
#
# usage: build.sh OUT_DIR
#
# Builds the peers' programs, or what has changed of them, into OUT_DIR: asyncio, uvloop, tokio, go,
# asio, libuv, node. Uses no network. A peer that cannot be built is an error, unless
# WEIR_PEERS_SKIP names it ("tokio node").
set -euo pipefail
PATH=/usr/bin:/bin:$PATH  # the packages' tools, not others that happen to come first

say() { printf 'peers: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

[[ $# == 1 && $1 != -* ]] || die "usage: build.sh OUT_DIR"
out=$(realpath -m "$1")
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$(realpath ../..)
work=$out/work  # what the tools leave behind, and logs
mkdir -p "$work"

# lacks PEER PACKAGE...
lacks() {
    local peer=$1
    shift
    die "$peer needs the packages $* (as Debian calls them); install them, or leave it out:" \
        "WEIR_PEERS_SKIP=$peer"
}

# update PEER FOLDER VERSIONS: calls build_PEER where anything has changed since the last time.
update() {
    local peer=$1 folder=$2 versions=$3 made_of
    made_of=$(echo "$versions" && find build.sh "$folder" -type f -print0 | sort -z |
              xargs -0 sha256sum)
    if [[ -x $out/$peer && -f $work/$peer.made_of && $(<"$work/$peer.made_of") == "$made_of" ]]
    then
        return
    fi
    say "building $peer"
    rm -f "$out/$peer" "$work/$peer.made_of"
    if ! "build_$peer" >"$work/$peer.log" 2>&1; then
        cat "$work/$peer.log" >&2
        die "$peer could not be built; the log is above and in $work/$peer.log"
    fi
    "$out/$peer" --version >/dev/null || die "$peer was built and does not start"
    printf '%s\n' "$made_of" >"$work/$peer.made_of"
}

# What the preprocessor knows about the version of a library and of itself.
macros_of() {
    printf '#include <%s>\n' "$2" | "$1" -x c -E -dM - 2>/dev/null | grep -E "$3|__VERSION__"
}

make_asyncio() {
    local versions
    versions=$(python3 --version) || lacks asyncio python3
    update asyncio asyncio "$versions"
}
build_asyncio() { install -m 755 asyncio/main.py "$out/asyncio"; }

make_uvloop() {
    local versions
    versions=$(python3 -c 'import uvloop; print(uvloop.__version__)' 2>/dev/null) ||
        lacks uvloop python3 python3-uvloop
    update uvloop asyncio "$versions"
}
build_uvloop() {
    install -m 755 asyncio/main.py "$work/main.py"
    # No process but the interpreter itself: its CPU time is what counts.
    printf '#!/bin/sh\nexec "${0%%/*}/work/main.py" --uvloop "$@"\n' >"$out/uvloop"
    chmod +x "$out/uvloop"
}

make_tokio() {
    local versions
    versions=$(cargo --version && rustc --version &&
               ls -d /usr/share/cargo/registry/tokio-[0-9]* 2>/dev/null) ||
        lacks tokio cargo librust-tokio-dev
    update tokio tokio "$versions"
}
build_tokio() {
    # A copy, since cargo writes a lock file beside the sources.
    rm -rf "$work/tokio"
    cp -r tokio "$work/tokio"
    (cd "$work/tokio" && CARGO_HOME=$work/cargo CARGO_TARGET_DIR=$work/target \
        cargo build --release --offline)
    install -m 755 "$work/target/release/weir-peer-tokio" "$out/tokio"
}

make_go() {
    local versions
    versions=$(go version) || lacks go golang-go
    update go go "$versions"
}
build_go() {
    # Without cgo: everything is in the standard library.
    CGO_ENABLED=0 GOPROXY=off GOFLAGS='' GOCACHE=$work/go-cache go build -o "$out/go" go/*.go
}

make_asio() {
    local versions
    versions=$(macros_of g++ asio/version.hpp ASIO_VERSION) || lacks asio g++ libasio-dev
    update asio asio "$versions"
}
build_asio() {
    g++ -std=c++20 -O3 -DNDEBUG -DASIO_STANDALONE -Wall -Wextra -I"$root" asio/main.cpp \
        -o "$out/asio" -lpthread
}

make_libuv() {
    local versions
    versions=$(macros_of gcc uv/version.h UV_VERSION) || lacks libuv gcc libuv1-dev
    update libuv libuv "$versions"
}
build_libuv() {
    gcc -std=gnu11 -O3 -DNDEBUG -Wall -Wextra -I"$root" libuv/main.c -o "$out/libuv" -luv
}

make_node() {
    local versions
    versions=$(node --version) || lacks node nodejs
    update node node "$versions"
}
build_node() { install -m 755 node/main.js "$out/node"; }

for peer in asyncio uvloop tokio go asio libuv node; do
    if [[ " ${WEIR_PEERS_SKIP:-} " == *" $peer "* ]]; then
        say "leaving out $peer, as WEIR_PEERS_SKIP says"
        rm -f "$out/$peer" "$work/$peer.made_of"
    else
        "make_$peer"
    fi
done
