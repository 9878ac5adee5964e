#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# usage: WEIR=<the weir program> run_with_mock.sh PROGRAM [OPTIONS of `weir mock`]
#
# Runs PROGRAM beside a mock server that it finds through its environment. The last line tells how
# it ended.
set -euo pipefail
program=$1
shift

exec {mock_output}< <(exec "$WEIR" mock --port 0 --quiet "$@")
mock=$!
trap 'kill -INT "$mock" 2>/dev/null || true' EXIT

# "base url: http://127.0.0.1:PORT/v1"
read -r -t 30 line <&"$mock_output" || { echo "weir mock printed no base URL" >&2; exit 1; }

status=0
env -u OPENAI_API_KEY -u OPENAI_MODEL OPENAI_BASE_URL="${line#base url: }" "$program" || status=$?
echo "ended with $status"
exit "$status"
