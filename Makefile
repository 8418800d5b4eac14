# The front door. Every target installs what it needs and is missing (Debian, Ubuntu) or names it,
# and ends with a non-zero status unless everything it was asked to do was done.

TARGET ?= x86_64-unknown-linux-gnu
ARGS ?=
SECONDS ?= 300

.PHONY: help setup archive archives dist header tables pictures test demo bench evidence size fuzz \
        miri clean

help:
	@echo 'make demo      54 nodes on a real map share real work through a cut; ARGS=--help says more'
	@echo 'make test      everything: Rust, C and C++, emulated machines, packages, drift'
	@echo 'make archive   dist/lib/TARGET/libweir.a; TARGET=$(TARGET) unless given, one of:'
	@cmake/targets.sh archive | sed 's/;.*//; s/^/                 /'
	@echo 'make archives  all of them, two at a time'
	@echo 'make dist      what is handed out: dist/weir-<version>.tar.gz'
	@echo 'make bench     instructions on two chips, times, peers; ARGS=exact: no times'
	@echo 'make evidence  the long runs; writes docs/evidence.json'
	@echo 'make size      the bill: flash, RAM of a handle, stack of a call; WEIR_BLESS=1 records it'
	@echo 'make fuzz      hostile input for SECONDS=$(SECONDS), all targets together (needs Clang)'
	@echo 'make miri      the tests of the border in an interpreter (needs a nightly Rust)'
	@echo 'make header    include/weir.h and docs/abi/symbols.txt from src/abi'
	@echo 'make tables    src/num/tables.rs: the constants of the elementary functions'
	@echo 'make pictures  docs/reconciler-*.svg: results of the library, drawn'
	@echo 'make setup     installs what is missing;  make clean: removes what was built'

setup:
	@cmake/setup.sh

archive: setup
	@cmake/build-archive.sh $(TARGET)

archives: setup
	@cmake/build-archives.sh

dist: archives
	@cmake/dist.sh

header: setup
	@$$(cmake/host-cargo.sh) run --quiet -p ffi-tests --bin weir-header

tables: setup
	@$$(cmake/host-cargo.sh) run --quiet -p ffi-tests --bin weir-tables

pictures: setup
	@$$(cmake/host-cargo.sh) run --quiet --profile checked -p ffi-tests --bin weir-pictures

# Python may itself be missing on a fresh machine, so set-up comes first, timed by the shell.
test demo bench evidence:
	@start=$$(date +%s); cmake/setup.sh; \
	WEIR_SETUP_SECONDS=$$(( $$(date +%s) - start )) python3 ffi-tests/run.py $@ $(ARGS)

size: archives
	@$$(cmake/host-cargo.sh) run --quiet --profile checked -p ffi-tests --bin weir-size

fuzz: setup
	@python3 ffi-tests/fuzz.py run $(SECONDS)

# Never part of `make test`: it needs a compiler that is not released.
miri:
	@cargo +nightly miri --version >/dev/null 2>&1 || { \
	    echo 'miri: rustup toolchain install nightly --component miri,rust-src' >&2; exit 1; }
	@MIRIFLAGS=-Zmiri-strict-provenance cargo +nightly miri test --lib abi::

clean:
	rm -rf target dist build
