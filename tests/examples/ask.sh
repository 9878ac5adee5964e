#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# usage: ask.sh SERVER TARGET...
#
# Starts SERVER, which prints its URL, asks it for each target and shows the answers, then sends it
# SIGTERM and shows what it has logged and how it ended.
set -euo pipefail

log=$(mktemp)
exec {server_output}< <(exec "$1" 2>"$log")
server=$!
trap 'kill -KILL "$server" 2>/dev/null || true; rm -f "$log"' EXIT
shift

# "http://127.0.0.1:PORT/"
read -r -t 30 url <&"$server_output" || { echo "the server printed no URL" >&2; exit 1; }
port=${url##*:}
port=${port%/}

for target in "$@"; do
    exec {connection}<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$target" \
        >&"$connection"
    cat <&"$connection"
    exec {connection}>&-
done

kill -TERM "$server"
status=0
wait "$server" || status=$?
cat "$log"
echo "ended with $status"
