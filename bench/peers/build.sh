#!/bin/bash
# SPDX-License-Identifier: MIT
#
# usage: build.sh OUT_DIR
#
# Builds the peers' programs, or what has changed of them, into OUT_DIR. Uses no network. A peer
# that cannot be built is an error, unless WEIR_PEERS_SKIP names it ("tokio node"). Those for HTTP
# are left out, too, where their packages are missing. OUT_DIR/absent.txt names who was left out.
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

# is_absent PEER WHY
is_absent() {
    say "leaving out $1: $2"
    rm -f "$out/$1" "$work/$1.made_of"
    printf '%s (%s)\n' "$1" "$2" >>"$out/absent.txt"
}

# lacks PEER PACKAGE...
lacks() {
    local peer=$1
    shift
    if [[ " ${optional[*]} " == *" $peer "* ]]; then
        is_absent "$peer" "it needs the packages $*"
        return
    fi
    die "$peer needs the packages $* (as Debian calls them); install them, or leave it out:" \
        "WEIR_PEERS_SKIP=$peer"
}

# update PEER VERSIONS SOURCE...: calls build_PEER where anything has changed since the last time.
update() {
    local peer=$1 versions=$2 made_of
    made_of=$(echo "$versions" && find build.sh "${@:3}" -type f -print0 | sort -z |
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

# wrap PEER FILE [ARGUMENT]: the program is a script below work/. No process but the interpreter
# itself: its CPU time is what counts.
wrap() {
    printf '#!/bin/sh\nexec "${0%%/*}/work/%s"%s "$@"\n' "$2" "${3:+ $3}" >"$out/$1"
    chmod +x "$out/$1"
}

make_asyncio() {
    local versions
    versions=$(python3 --version) || { lacks asyncio python3; return; }
    update asyncio "$versions" asyncio
}
copy_python() {
    mkdir -p "$work/asyncio"
    install -m 755 asyncio/*.py "$work/asyncio"
}
build_asyncio() { copy_python && wrap asyncio asyncio/main.py; }

# versions_of MODULE...
versions_of() {
    python3 -c 'import sys
for name in sys.argv[1:]: print(name, __import__(name).__version__)' "$@" 2>/dev/null
}

make_uvloop() {
    local versions
    versions=$(versions_of uvloop) || { lacks uvloop python3 python3-uvloop; return; }
    update uvloop "$versions" asyncio
}
build_uvloop() { copy_python && wrap uvloop asyncio/main.py --uvloop; }

make_aiohttp() {
    local versions
    versions=$(versions_of aiohttp) || { lacks aiohttp python3-aiohttp; return; }
    update aiohttp "$versions" asyncio
}
build_aiohttp() { copy_python && wrap aiohttp asyncio/http_calls.py; }

make_aiohttp_uvloop() {
    local versions
    versions=$(versions_of aiohttp uvloop) ||
        { lacks aiohttp_uvloop python3-aiohttp python3-uvloop; return; }
    update aiohttp_uvloop "$versions" asyncio
}
build_aiohttp_uvloop() { copy_python && wrap aiohttp_uvloop asyncio/http_calls.py --uvloop; }

# crate_versions CRATE...
crate_versions() {
    local crate
    cargo --version && rustc --version || return
    for crate in "$@"; do
        ls -d "/usr/share/cargo/registry/$crate"-[0-9]* 2>/dev/null || return
    done
}
# build_crate PEER
build_crate() {
    # Copies, since cargo writes a lock file beside the sources.
    rm -rf "$work/crates"
    mkdir "$work/crates"
    cp -r tokio hyper "$work/crates"
    (cd "$work/crates/$1" && CARGO_HOME=$work/cargo CARGO_TARGET_DIR=$work/target \
        cargo build --release --offline)
    install -m 755 "$work/target/release/weir-peer-$1" "$out/$1"
}

make_tokio() {
    local versions
    versions=$(crate_versions tokio) || { lacks tokio cargo librust-tokio-dev; return; }
    update tokio "$versions" tokio
}
build_tokio() { build_crate tokio; }

make_hyper() {
    local versions
    versions=$(crate_versions tokio hyper serde serde_json) ||
        { lacks hyper cargo librust-hyper-dev librust-serde-dev librust-serde-json-dev; return; }
    update hyper "$versions" tokio hyper
}
build_hyper() { build_crate hyper; }

make_go() {
    local versions
    versions=$(go version) || { lacks go golang-go; return; }
    update go "$versions" go
}
build_go() {
    # Without cgo: everything is in the standard library.
    CGO_ENABLED=0 GOPROXY=off GOFLAGS='' GOCACHE=$work/go-cache go build -o "$out/go" go/*.go
}

make_asio() {
    local versions
    versions=$(macros_of g++ asio/version.hpp ASIO_VERSION) ||
        { lacks asio g++ libasio-dev; return; }
    update asio "$versions" asio measure.h
}
build_asio() {
    g++ -std=c++20 -O3 -DNDEBUG -DASIO_STANDALONE -Wall -Wextra -I"$root" asio/main.cpp \
        -o "$out/asio" -lpthread
}

make_libcurl() {
    local versions
    versions=$(g++ --version && pkg-config --modversion libcurl simdjson 2>/dev/null) ||
        { lacks libcurl g++ libcurl4-openssl-dev libsimdjson-dev; return; }
    update libcurl "$versions" libcurl measure.h
}
build_libcurl() {
    g++ -std=c++20 -O3 -DNDEBUG -Wall -Wextra -I"$root" libcurl/main.cpp \
        -o "$out/libcurl" -lcurl -lsimdjson
}

make_http_parser() {
    local versions
    versions=$(macros_of gcc http_parser.h HTTP_PARSER_VERSION) ||
        { lacks http_parser g++ libhttp-parser-dev; return; }
    update http_parser "$versions" http_parser measure.h ../http/response_heads.h
}
build_http_parser() {
    g++ -std=c++20 -O3 -DNDEBUG -Wall -Wextra -I"$root" http_parser/main.cpp \
        -o "$out/http_parser" -lhttp_parser
}

make_libuv() {
    local versions
    versions=$(macros_of gcc uv/version.h UV_VERSION) || { lacks libuv gcc libuv1-dev; return; }
    update libuv "$versions" libuv
}
build_libuv() {
    gcc -std=gnu11 -O3 -DNDEBUG -Wall -Wextra -I"$root" libuv/main.c -o "$out/libuv" -luv
}

copy_javascript() {
    mkdir -p "$work/node"
    install -m 755 node/*.js "$work/node"
}
make_node() {
    local versions
    versions=$(node --version) || { lacks node nodejs; return; }
    update node "$versions" node
}
build_node() { copy_javascript && wrap node node/main.js; }

make_undici() {
    local versions
    versions=$(node --version && cat /usr/share/nodejs/undici/package.json 2>/dev/null) ||
        { lacks undici nodejs node-undici; return; }
    update undici "$versions" node
}
build_undici() { copy_javascript && wrap undici node/undici.js; }

peers=(asyncio uvloop tokio go asio libuv node aiohttp aiohttp_uvloop hyper libcurl undici
       http_parser)
optional=(aiohttp aiohttp_uvloop hyper libcurl undici http_parser)
rm -f "$out/absent.txt"
for peer in "${peers[@]}"; do
    if [[ " ${WEIR_PEERS_SKIP:-} " == *" $peer "* ]]; then
        is_absent "$peer" "WEIR_PEERS_SKIP says so"
    else
        "make_$peer"
    fi
done
