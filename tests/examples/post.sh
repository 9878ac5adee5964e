#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# usage: SERVER=<program> BODY=<json> post.sh
#
# Starts the server, which prints its URL, posts the body to /generate and shows the answer, then
# sends SIGTERM and shows what the server has logged and how it ended.
set -euo pipefail

log=$(mktemp)
exec {server_output}< <(exec "$SERVER" 2>"$log")
server=$!
trap 'kill -KILL "$server" 2>/dev/null || true; rm -f "$log"' EXIT

# "http://127.0.0.1:PORT/"
read -r -t 30 url <&"$server_output" || { echo "the server printed no URL" >&2; exit 1; }
port=${url##*:}
port=${port%/}

exec {connection}<>"/dev/tcp/127.0.0.1/$port"
printf 'POST /generate HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n' >&"$connection"
printf 'Content-Length: %d\r\n\r\n%s' "${#BODY}" "$BODY" >&"$connection"
cat <&"$connection"
exec {connection}>&-

kill -TERM "$server"
status=0
wait "$server" || status=$?
cat "$log"
exit "$status"
