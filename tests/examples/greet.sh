#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# usage: greet.sh SERVER
#
# Starts SERVER, which prints its URL, sends it a request and shows the answer.
set -euo pipefail

exec {server_output}< <(exec "$1")
server=$!
trap 'kill -INT "$server" 2>/dev/null || true' EXIT

# "http://127.0.0.1:PORT/"
read -r -t 30 url <&"$server_output" || { echo "the server printed no URL" >&2; exit 1; }
port=${url##*:}
port=${port%/}

exec {connection}<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /world HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&"$connection"
cat <&"$connection"
