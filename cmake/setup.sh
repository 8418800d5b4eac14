#!/usr/bin/env bash
# Installs what the build and the tests need and is missing; with nothing missing it is done at once.
#
# A package counts as present when the thing it is needed for is there (a command, a header, a
# specs file), not when a package manager lists it: people bring their own compilers.
set -euo pipefail
cd "$(dirname "$0")/.."
. cmake/toolchain.env

missing=()
need() { # need <package> <test...>: note the package when the test fails
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}
command_exists() { command -v "$1"; }
release_rust() { [ "$("$WEIR_RELEASE_RUSTC" --version | cut -d' ' -f2)" = "$WEIR_RELEASE_RUST" ]; }
rust_sources() {
    [ -f "$("$WEIR_RELEASE_RUSTC" --print sysroot)/lib/rustlib/src/rust/library/core/Cargo.toml" ]
}
picolibc() { [ -f "$("$1-gcc" -print-file-name=picolibc.specs)" ]; }
headers_of() { echo '#include <stdio.h>' | "$1-gcc" -E -x c -; }
wasi() { echo '#include <stdio.h>' | clang-14 --target=wasm32-wasi -E -x c -; }
sanitizers() { [ -f "$(clang-14 -print-file-name=libclang_rt.asan-x86_64.a)" ] ||
    [ -f "$(clang-14 -print-resource-dir)/lib/linux/libclang_rt.asan-x86_64.a" ]; }
wasi_runtime() { [ -f "$(clang-14 --target=wasm32-wasi -print-libgcc-file-name)" ]; }
sodium() { echo '#include <sodium.h>' | "${CC:-cc}" -E -x c -; }
libc_headers() { echo '#include <stdio.h>' | "${CC:-cc}" -E -x c -; }

need rustc-web release_rust
need cargo-web test -x "$WEIR_RELEASE_CARGO"
need rust-web-src rust_sources
need gcc command_exists gcc
need g++ command_exists g++
need libc6-dev libc_headers
need make command_exists make
need binutils command_exists ld
need python3 command_exists python3
need cmake command_exists cmake
need pkg-config command_exists pkg-config
need libsodium-dev sodium
need ca-certificates test -s /etc/ssl/certs/ca-certificates.crt
need gcc-riscv64-unknown-elf command_exists riscv64-unknown-elf-gcc
need picolibc-riscv64-unknown-elf picolibc riscv64-unknown-elf
need gcc-arm-none-eabi command_exists arm-none-eabi-gcc
need picolibc-arm-none-eabi picolibc arm-none-eabi
need gcc-aarch64-linux-gnu command_exists aarch64-linux-gnu-gcc
need libc6-dev-arm64-cross headers_of aarch64-linux-gnu
need gcc-s390x-linux-gnu command_exists s390x-linux-gnu-gcc
need libc6-dev-s390x-cross headers_of s390x-linux-gnu
need qemu-system-misc command_exists qemu-system-riscv32
need qemu-system-arm command_exists qemu-system-arm
need qemu-user command_exists qemu-s390x
need clang-14 command_exists clang-14
need clang command_exists clang
need lld-14 command_exists wasm-ld-14
need llvm-14 command_exists obj2yaml-14
need wasi-libc wasi
need libclang-rt-14-dev-wasm32 wasi_runtime
need nodejs command_exists node
need golang-go command_exists go
need doxygen command_exists doxygen
need valgrind command_exists valgrind
need libclang-rt-14-dev sanitizers
need abigail-tools command_exists abidiff

if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "setup: please install what Debian calls: ${missing[*]}" >&2
    echo "setup: (Rust $WEIR_OLDEST_RUST or newer with the sources of core; GCC for riscv64-unknown-elf" >&2
    echo "setup:  and arm-none-eabi with picolibc, for aarch64 and s390x Linux, clang, QEMU," >&2
    echo "setup:  CMake, Python 3, node, libsodium)" >&2
    exit 1
fi
root=()
if [ "$(id -u)" -ne 0 ]; then
    root=(sudo)
fi
echo "setup: installing ${missing[*]}"
install() {
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
# Package lists may be old or absent; a refresh that fails is no reason to stop while they serve.
"${root[@]}" apt-get update -qq ||
    echo "setup: package lists could not be refreshed, trying with the old ones" >&2
install
