#!/usr/bin/env bash
# Builds one clean archive: dist/lib/<triple>/libweir.a
#
# What rustc calls a static library has some 400 members: ours, and a copy of compiler_builtins that
# fights with the platform's libc and libgcc. Here only our own object is kept, linked into one
# relocatable object whose only global names start with weir_, so that two Rust libraries can meet
# in one image. Beside it lies libweir.debug.a, the same code with names and line tables.
#
# An archive made from the same sources by the same compilers is kept. WEIR_LANE is the build folder
# of its own that a build beside another needs.
set -euo pipefail
cd "$(dirname "$0")/.."

triple=${1:?usage: cmake/build-archive.sh <triple>   (cmake/targets.txt lists them)}
. cmake/target-tools.sh

# Flags from the environment would change the bits: nothing of this machine may leak in.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET CARGO_BUILD_RUSTFLAGS
target_dir=${CARGO_TARGET_DIR:-$PWD/target}/archive${WEIR_LANE:+-$WEIR_LANE}
unset CARGO_TARGET_DIR

. cmake/release-rust.sh

out=dist/lib/$triple
# Everything that shapes the bits: sources, this script and what it reads, the compilers.
key=$({
    find src -type f -name '*.rs' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    sha256sum Cargo.toml Cargo.lock cmake/build-archive.sh cmake/target-tools.sh cmake/toolchain.env \
        cmake/release-rust.sh
    echo "$row"
    "$RUSTC" -vV
    "${cc[0]}" --version
    "$ld" --version
} | sha256sum | cut -d' ' -f1)
if [ -f "$out/libweir.a" ] && [ "$(cat "$out/libweir.key" 2>/dev/null)" = "$key" ]; then
    exec cmake/check-archive.sh "$out/libweir.a" "$triple"
fi

# LLVM's tools cannot take the lines of WebAssembly away, so they are not made.
lines=line-tables-only
[ "$prefix" != clang ] || lines=none
# Lets the linker of the firmware shorten calls, as it does with what C compilers give it. That
# rustc calls the feature unstable is known and not repeated for every archive.
relax=
case $triple in riscv*) relax=-Ctarget-feature=+relax ;; esac
CARGO_PROFILE_RELEASE_DEBUG=$lines \
RUSTFLAGS="$relax --remap-path-prefix=$PWD=weir --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo" \
    "$cargo" rustc --quiet --lib --crate-type staticlib --release --features archive \
    "${std[@]}" --target "$triple" --target-dir "$target_dir" \
    2> >(awk -v RS= -v ORS='\n\n' '!/unstable feature .*: `relax`/' >&2)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
raw=$target_dir/$triple/release/libweir.a

# Names of members are file names without folders; a second object of ours would mean that link-time
# optimisation did not happen, and with it every statement made below.
mapfile -t ours < <("$ar" t "$raw" | grep '^weir-.*\.o$' || true)
if [ ${#ours[@]} -ne 1 ]; then
    echo "archive: expected one object of weir in $raw, found ${#ours[@]}: ${ours[*]}" >&2
    exit 1
fi
(cd "$work" && "$ar" x "$raw" "${ours[0]}")

mkdir -p "$out"
rm -f "$out"/libweir*
if [ "$prefix" = clang ]; then
    # Link-time optimisation has left no other global name, and every function can be dropped alone.
    mv "$work/${ours[0]}" "$work/weir.o"
    "$ar" rcsD "$out/libweir.debug.a" "$work/weir.o"
else
    "${cc[@]}" -r -nostdlib -o "$work/linked.o" "$work/${ours[0]}"
    # Bitcode in .llvmbc makes GNU nm with an LLVM plugin see nothing. LLVM names every sub-extension
    # it knows in .riscv.attributes, and older linkers stop at the first they do not know; the ELF
    # flags, which stay, still refuse a wrong float ABI.
    "$objcopy" --wildcard --keep-global-symbol='weir_*' \
        --remove-section=.llvmbc --remove-section=.llvmcmd --remove-section=.riscv.attributes \
        --remove-section=.note.gnu.property --remove-section=.comment "$work/linked.o" "$work/weir.o"
    "$ar" rcsD "$out/libweir.debug.a" "$work/weir.o"
    "$objcopy" --strip-debug "$work/weir.o"
fi
"$ar" rcsD "$out/libweir.a" "$work/weir.o"
{
    echo "rustc $(rust_version "$RUSTC")${std:+ with core from source}"
    "$ld" --version | sed -n 1p
} >"$out/libweir.toolchain.txt"

cmake/check-archive.sh "$out/libweir.a" "$triple"
echo "$key" >"$out/libweir.key"
