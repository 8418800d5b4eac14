# Sourced: chooses the Rust that builds for $triple. Sets cargo, RUSTC and the array std.
#
# The release toolchain builds `core` from source, so every target works from one install and `core`
# has no unwinding tables. Otherwise an installed rustup target does, with `core` as it was shipped.
. cmake/toolchain.env
rust_version() { "$1" --version 2>/dev/null | cut -d' ' -f2; }

std=()
if [ "$(rust_version "$WEIR_RELEASE_RUSTC")" = "$WEIR_RELEASE_RUST" ]; then
    cargo=$WEIR_RELEASE_CARGO
    export RUSTC=$WEIR_RELEASE_RUSTC RUSTC_BOOTSTRAP=1
    std=(-Zbuild-std=core,compiler_builtins)
elif [ -d "$(rustc --print sysroot)/lib/rustlib/$triple/lib" ]; then
    cargo=cargo
    export RUSTC=rustc
else
    echo "weir: needs Rust $WEIR_RELEASE_RUST at $WEIR_RELEASE_RUSTC (make setup)," >&2
    echo "weir: or another toolchain with the target: rustup target add $triple" >&2
    exit 1
fi
