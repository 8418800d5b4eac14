#!/usr/bin/env bash
# Builds every archive of the table, two at a time, each row in the build folder of its lane so that
# neither waits for the other. All are tried; fails if one could not be made.
set -uo pipefail
cd "$(dirname "$0")/.."
mapfile -t triples < <(cmake/targets.sh archive | cut -d';' -f1)

lane() { # lane <number>: every second row
    local failed=0 at
    for ((at = $1; at < ${#triples[@]}; at += 2)); do
        WEIR_LANE=$1 cmake/build-archive.sh "${triples[at]}" || failed=1
    done
    return $failed
}
lane 0 &
first=$!
lane 1
failed=$?
wait "$first" && exit "$failed"
exit 1
