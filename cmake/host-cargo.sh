#!/usr/bin/env bash
# Prints the cargo that builds tests and tools on this machine: the one on the PATH if it is new
# enough, otherwise the one that `make setup` installs.
set -euo pipefail
cd "$(dirname "$0")/.."
. cmake/toolchain.env
for cargo in cargo "$WEIR_RELEASE_CARGO"; do
    version=$("$cargo" --version 2>/dev/null | cut -d' ' -f2 || true)
    older=$(printf '%s\n' "$WEIR_OLDEST_RUST" "$version" | sort -V | sed -n 1p)
    if [ -n "$version" ] && [ "$older" = "$WEIR_OLDEST_RUST" ]; then
        command -v "$cargo"
        exit
    fi
done
echo "weir: no cargo of $WEIR_OLDEST_RUST or newer; make setup" >&2
exit 1
