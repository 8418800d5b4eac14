#!/usr/bin/env bash
# Builds what is counted: dist/meter/<triple>/libmeter.a, weir's core behind brackets and its peers,
# with the compiler, profile and flags of the archive.
#
#     cmake/build-meter.sh              for every chip that is counted on
#     cmake/build-meter.sh <triple>     for one
#
# Unlike the archive it keeps every member that rustc puts in: the peers need soft float, and one
# image links it beside libweir.a, so only the names meter_* stay global.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -eq 0 ]; then
    for triple in riscv32imac-unknown-none-elf thumbv7m-none-eabi; do
        cmake/build-meter.sh "$triple"
    done
    exit
fi
triple=$1
. cmake/target-tools.sh

# As in build-archive.sh, whose folder this shares so that dependencies are compiled once.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET CARGO_BUILD_RUSTFLAGS
target_dir=${CARGO_TARGET_DIR:-$PWD/target}/archive
unset CARGO_TARGET_DIR

. cmake/release-rust.sh

CARGO_PROFILE_RELEASE_DEBUG=line-tables-only \
RUSTFLAGS="--remap-path-prefix=$PWD=weir --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo" \
    "$cargo" rustc --quiet -p meter --lib --crate-type staticlib --release \
    "${std[@]}" --target "$triple" --target-dir "$target_dir"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Everything the entries reach becomes one object; soft float comes out of compiler_builtins here,
# so that the peer is measured with the routines a Rust firmware would link.
"${cc[@]}" -r -nostdlib -o "$work/linked.o" \
    -Wl,--whole-archive "$target_dir/$triple/release/libmeter.a" -Wl,--no-whole-archive
"$objcopy" --wildcard --keep-global-symbol='meter_*' --strip-debug \
    --remove-section=.llvmbc --remove-section=.llvmcmd --remove-section=.riscv.attributes \
    "$work/linked.o" "$work/meter.o"
out=dist/meter/$triple
mkdir -p "$out"
rm -f "$out/libmeter.a"
"$ar" rcsD "$out/libmeter.a" "$work/meter.o"
echo "rustc $(rust_version "$RUSTC")${std:+ with core from source}" >"$out/libmeter.toolchain.txt"
