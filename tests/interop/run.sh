#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# usage: run.sh TEST_PROGRAM [ARGUMENTS]
#
# Starts nginx, haproxy, tinyproxy and squid on free ports of the loopback interface, with
# configurations of their own in a temporary folder, runs TEST_PROGRAM beside them, and stops them.
# What the program must know is in its environment: INTEROP_NGINX_PORT and so on.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$(realpath "$1")
shift
folder=$(mktemp -d)
chmod 755 "$folder"
started=()
stop() {
    local process
    for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$folder"
}
trap stop EXIT

# Ports that were free a moment ago, below those that the kernel deals out.
free_ports() {
    local port=$((20000 + RANDOM % 10000)) count=$1
    while [[ $count -gt 0 ]]; do
        port=$((port + 1))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            count=$((count - 1))
        fi
    done
}
mapfile -t ports < <(free_ports 8)
export INTEROP_NGINX_PORT=${ports[0]} INTEROP_NGINX_TLS_PORT=${ports[1]}
export INTEROP_NGINX_CLIENT_CERTIFICATE_PORT=${ports[2]} INTEROP_NGINX_ONE_CALL_PORT=${ports[3]}
export INTEROP_HAPROXY_PORT=${ports[4]} INTEROP_WEIR_PORT=${ports[5]}
export INTEROP_TINYPROXY_PORT=${ports[6]} INTEROP_SQUID_PORT=${ports[7]}
export INTEROP_FOLDER=$folder

# --- an authority, a server's certificate, a client's --------------------------------------------
cd "$folder"
quiet() { "$@" >>"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }; }
quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
    -keyout ca.key -out ca.pem -subj "/CN=interop authority"
# issue NAME EXTENSIONS
issue() {
    quiet openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1.key" \
        -out "$1.csr" -subj "/CN=$1"
    quiet openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
        -out "$1.pem" -extfile <(printf '%s\n' "$2")
}
issue server $'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth'
issue client 'extendedKeyUsage=clientAuth'

# --- what nginx serves ---------------------------------------------------------------------------
mkdir www
seq 1 20000 >www/numbers.txt
printf 'hello\n' >www/hello.txt

# fill TEMPLATE: its @NAMES@ are variables of the environment.
fill() {
    local text name
    text=$(<"$here/$1")
    while [[ $text =~ @([A-Z_]+)@ ]]; do
        name=${BASH_REMATCH[1]}
        text=${text//"@$name@"/${!name}}
    done
    printf '%s\n' "$text" >"$folder/$1"
}
for template in nginx.conf haproxy.cfg tinyproxy.conf squid.conf; do fill "$template"; done

# start PORT COMMAND...
start() {
    local port=$1 tries
    shift
    "$@" >>"$folder/$(basename "$1").log" 2>&1 &
    started+=($!)
    for tries in {1..300}; do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
        if ! kill -0 "${started[-1]}" 2>/dev/null; then break; fi
        sleep 0.1
    done
    echo "$1 does not listen on port $port; it said:" >&2
    cat "$folder/$(basename "$1").log" >&2
    exit 1
}
start "$INTEROP_NGINX_PORT" nginx -p "$folder" -c "$folder/nginx.conf" -e "$folder/nginx.log"
start "$INTEROP_HAPROXY_PORT" haproxy -f "$folder/haproxy.cfg" -db
start "$INTEROP_TINYPROXY_PORT" tinyproxy -d -c "$folder/tinyproxy.conf"
start "$INTEROP_SQUID_PORT" squid -N -n "interop$$" -f "$folder/squid.conf"

"$program" "$@"
