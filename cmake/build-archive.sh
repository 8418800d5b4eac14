#!/usr/bin/env bash
# Builds one clean archive: dist/lib/<triple>/libweir.a
#
# What rustc calls a static library has some 400 members: ours, and a copy of compiler_builtins that
# fights with the platform's libc and libgcc. Here only our own object is kept, linked into one
# relocatable object whose only global names start with weir_, so that two Rust libraries can meet
# in one image. Beside it lies libweir.debug.a, the same code with names and line tables.
set -euo pipefail
cd "$(dirname "$0")/.."

triple=${1:?usage: cmake/build-archive.sh <triple>   (cmake/targets.txt lists them)}
row=$(grep "^$triple " cmake/targets.txt || true)
if [ -z "$row" ]; then
    echo "archive: no row for $triple in cmake/targets.txt; there are:" >&2
    grep -v '^#' cmake/targets.txt | sed 's/ .*//; s/^/  /' >&2
    exit 1
fi
read -r _ prefix cflags <<<"$row"
[ "$prefix" != - ] || prefix=
read -r -a abi <<<"$cflags"

# Flags from the environment would change the bits: nothing of this machine may leak in.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET CARGO_BUILD_RUSTFLAGS
target_dir=${CARGO_TARGET_DIR:-target}/archive
unset CARGO_TARGET_DIR

. cmake/release-rust.sh

CARGO_PROFILE_RELEASE_DEBUG=line-tables-only \
RUSTFLAGS="--remap-path-prefix=$PWD=weir --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo" \
    "$cargo" rustc --quiet --lib --crate-type staticlib --release --features archive \
    "${std[@]}" --target "$triple" --target-dir "$target_dir"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
raw=$PWD/$target_dir/$triple/release/libweir.a
case $target_dir in /*) raw=$target_dir/$triple/release/libweir.a ;; esac

# Names of members are file names without folders; a second object of ours would mean that link-time
# optimisation did not happen, and with it every statement made below.
mapfile -t ours < <("${prefix}ar" t "$raw" | grep '^weir-.*\.o$' || true)
if [ ${#ours[@]} -ne 1 ]; then
    echo "archive: expected one object of weir in $raw, found ${#ours[@]}: ${ours[*]}" >&2
    exit 1
fi
(cd "$work" && "${prefix}ar" x "$raw" "${ours[0]}")

"${prefix}gcc" "${abi[@]}" -r -nostdlib -o "$work/linked.o" "$work/${ours[0]}"
# Bitcode in .llvmbc makes GNU nm with an LLVM plugin see nothing. LLVM names every sub-extension it
# knows in .riscv.attributes, and older linkers stop at the first they do not know; the ELF flags,
# which stay, still refuse a wrong float ABI.
"${prefix}objcopy" --wildcard --keep-global-symbol='weir_*' \
    --remove-section=.llvmbc --remove-section=.llvmcmd --remove-section=.riscv.attributes \
    --remove-section=.note.gnu.property --remove-section=.comment "$work/linked.o" "$work/weir.o"

out=dist/lib/$triple
mkdir -p "$out"
rm -f "$out"/libweir*
"${prefix}ar" rcsD "$out/libweir.debug.a" "$work/weir.o"
"${prefix}objcopy" --strip-debug "$work/weir.o"
"${prefix}ar" rcsD "$out/libweir.a" "$work/weir.o"
{
    echo "rustc $(rust_version "$RUSTC")${std:+ with core from source}"
    "${prefix}ld" --version | head -1
} >"$out/libweir.toolchain.txt"

cmake/check-archive.sh "$out/libweir.a" "$triple"
