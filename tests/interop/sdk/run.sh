#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# usage: run.sh WEIR FOLDER
#
# Runs others' SDKs against `WEIR mock`: OpenAI's, Anthropic's, and the AI SDK. They are installed
# into FOLDER as the lock file has them, which asks the npm registry the first time; the programs
# themselves talk to the loopback interface only.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
weir=$(realpath "$1")
mkdir -p "$2"
folder=$(realpath "$2")

cp "$here"/package.json "$here"/*.mjs "$folder"
if ! cmp -s "$here/package-lock.json" "$folder/installed-lock.json"; then
    cp "$here/package-lock.json" "$folder"
    npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund
    cp "$here/package-lock.json" "$folder/installed-lock.json"
fi

exec {output}< <(exec "$weir" mock --quiet --ttft 5ms --token-interval 1ms --tokens 20)
mock=$!
trap 'kill "$mock" 2>/dev/null || true' EXIT
read -r -u "$output" line
[[ $line == "base url: "* ]] || { echo "weir mock said: $line" >&2; exit 1; }
export WEIR_MOCK_URL=${line#base url: }
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
unset OPENAI_API_KEY OPENAI_BASE_URL OPENAI_ORG_ID OPENAI_PROJECT_ID
unset ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN ANTHROPIC_BASE_URL

status=0
for program in openai anthropic ai; do
    echo "== $program"
    (cd "$folder" && node "$program.mjs") || status=1
done
exit "$status"
