#!/usr/bin/env bash
# The bill of the archives that are built: bytes of every function that C can call, with what the
# compiler put inside it, and the whole. --gc-sections drops what an image does not call.
set -euo pipefail
cd "$(dirname "$0")/.."
for triple in $(cmake/targets.sh archive | cut -d';' -f1); do
    archive=dist/lib/$triple/libweir.a
    [ -f "$archive" ] || continue
    . cmake/target-tools.sh
    echo "$triple ($(head -1 "dist/lib/$triple/libweir.toolchain.txt"))"
    "$nm" -S --size-sort --reverse-sort -t d "$archive" |
        awk '$3 ~ /[TtRr]/ { rest += $2; if ($3 == "T") printf "  %7d  %s\n", $2, $4 }
             END { printf "  %7d  all functions and constants, shared parts included\n", rest }'
done
