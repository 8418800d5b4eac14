#!/usr/bin/env python3
"""Fuzzes the library through its C surface: `make fuzz SECONDS=n`, or the two steps by themselves.

    fuzz.py archive          builds target/fuzz/libweir.a: every check on, seen by AddressSanitizer,
                             with counters for feedback
    fuzz.py run SECONDS      gives SECONDS to all targets together, by libFuzzer of Clang; what is
                             found is kept under target/fuzz/found, what led to new places under
                             target/fuzz/corpus

The table of targets is the one in ffi-tests/c/fuzz.c. A run begins with the targets that must fail:
if libFuzzer does not find the planted defects, nothing is said about the others.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(ROOT, "target/fuzz")
ARCHIVE = os.path.join(FOLDER, "libweir.a")
TRIPLE = "x86_64-unknown-linux-gnu"
# Planted defects that feedback alone leads to, and where they lie.
CANARIES = ["canary_word", "canary_calls", "canary_heap_of_c", "canary_overflow_of_c",
            "canary_heap_of_rust"]
COUNTERS = ["-Cpasses=sancov-module", "-Cllvm-args=-sanitizer-coverage-level=3",
            "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
            "-Cllvm-args=-sanitizer-coverage-pc-table",
            "-Cllvm-args=-sanitizer-coverage-trace-compares"]
CHECKS = ["-Zsanitizer=address", "-Coverflow-checks=on", "-Cdebug-assertions=on"]


def archive():
    """The library as a program under test links it. Sanitizers are not stable, hence BOOTSTRAP."""
    cargo = subprocess.check_output(["cmake/host-cargo.sh"], cwd=ROOT, text=True).strip()
    beside = os.path.join(os.path.dirname(cargo), "rustc")
    env = dict(os.environ, RUSTC_BOOTSTRAP="1", RUSTFLAGS=" ".join(COUNTERS + CHECKS),
               CARGO_PROFILE_RELEASE_LTO="off", CARGO_PROFILE_RELEASE_CODEGEN_UNITS="16",
               CARGO_PROFILE_RELEASE_OPT_LEVEL="2",
               CARGO_PROFILE_RELEASE_DEBUG="line-tables-only")
    if os.path.exists(beside):
        env["RUSTC"] = beside
    env.pop("CARGO_TARGET_DIR", None)
    env.pop("CARGO_ENCODED_RUSTFLAGS", None)
    subprocess.run([cargo, "rustc", "--quiet", "--lib", "--crate-type", "staticlib", "--release",
                    "--features", "archive", "--target", TRIPLE,
                    "--target-dir", os.path.join(FOLDER, "cargo")], cwd=ROOT, env=env, check=True)
    shutil.copy(os.path.join(FOLDER, "cargo", TRIPLE, "release/libweir.a"), ARCHIVE)


def program():
    """The targets with libFuzzer around them."""
    out = os.path.join(FOLDER, "libfuzzer")
    subprocess.run(["clang", "-std=c11", "-g", "-O1", "-Iinclude", "-DWEIR_LIBFUZZER",
                    "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=undefined",
                    "ffi-tests/c/fuzz.c", ARCHIVE, "-Wl,--defsym=rust_eh_personality=0",
                    "-o", out], cwd=ROOT, check=True)
    return out


def targets():
    """The names in the table, without the canaries."""
    with open(os.path.join(ROOT, "ffi-tests/c/fuzz.c"), encoding="utf-8") as file:
        names = re.findall(r'^    \{ "(\w+)", fuzz_\w+ \},$', file.read(), re.M)
    if not names:
        sys.exit("fuzz: no targets in ffi-tests/c/fuzz.c")
    return names


class Result:
    """What libFuzzer said of one target."""

    def __init__(self, name, text, status, seconds):
        last = re.findall(r"^#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+)", text, re.M)
        counted = re.findall(r"stat::number_of_executed_units:\s*(\d+)", text)
        self.name, self.seconds, self.found = name, seconds, status != 0
        self.executions = int(counted[-1]) if counted else int(last[-1][0]) if last else 0
        self.edges, self.features = (int(last[-1][1]), int(last[-1][2])) if last else (0, 0)
        self.text = text

    def __str__(self):
        end = "FINDING" if self.found else "no finding"
        return (f"{self.name:16} {self.executions:9} executions in {self.seconds:4.0f} s, "
                f"{self.edges:5} edges, {self.features:6} features, {end}")


def fuzz(fuzzer, name, seconds, corpus):
    """One target for so many seconds."""
    found = os.path.join(FOLDER, "found")
    os.makedirs(found, exist_ok=True)
    os.makedirs(corpus, exist_ok=True)
    committed = os.path.join(ROOT, "ffi-tests/c/fuzz/found", name)
    start = time.monotonic()
    folders = [corpus] + ([committed] if os.path.isdir(committed) else [])
    run = subprocess.run([fuzzer, f"-max_total_time={max(1, round(seconds))}", "-max_len=1024",
                          "-timeout=20", "-print_final_stats=1", "-verbosity=1",
                          f"-artifact_prefix={found}/{name}-"] + folders,
                         env=dict(os.environ, WEIR_FUZZ_TARGET=name), cwd=FOLDER,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         errors="replace", check=False)
    return Result(name, run.stdout, run.returncode, time.monotonic() - start)


def canaries(fuzzer):
    """True if every planted defect is found. What is found this way is no finding."""
    good = True
    for name in CANARIES:
        corpus = os.path.join(FOLDER, "canary", name)
        shutil.rmtree(corpus, ignore_errors=True)
        result = fuzz(fuzzer, name, 60, corpus)
        good = good and result.found
        print(f"{name}: {'found' if result.found else 'NOT FOUND'} in {result.seconds:.1f} s",
              flush=True)
        for path in glob.glob(os.path.join(FOLDER, "found", name + "-*")):
            os.remove(path)
    return good


def evidence(row, value, unit, op="measured", target=None):
    """A figure for docs/evidence.json, as the tests write theirs."""
    if os.environ.get("WEIR_EVIDENCE") == "1":
        folder = os.path.join(ROOT, "target/evidence")
        os.makedirs(folder, exist_ok=True)
        name = re.sub(r"\W", "-", f"promises {row}") + ".json"
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            json.dump({"topic": "promises", "row": row, "value": value, "unit": unit, "op": op,
                       "target": target, "command": "make fuzz"}, file)


def run(seconds):
    """All targets; 0 if the canaries were found and nothing else was."""
    shutil.rmtree(os.path.join(FOLDER, "found"), ignore_errors=True)
    fuzzer = program()
    if not canaries(fuzzer):
        print("fuzz: a planted defect was not found: this run says nothing")
        return 1
    names, bad = targets(), 0
    for name in names:
        corpus = os.path.join(FOLDER, "corpus", name)
        result = fuzz(fuzzer, name, seconds / len(names), corpus)
        print(result, flush=True)
        evidence(f"fuzzing {name}", result.executions, f"executions in {result.seconds:.0f} s")
        if result.found:
            bad += 1
            print("\n".join(result.text.splitlines()[-40:]), flush=True)
    evidence("fuzzing: findings left", bad, "findings", "==", 0)
    print(f"{len(names) - bad} targets without a finding, {bad} with one (target/fuzz/found)")
    return 1 if bad else 0


def main(words):
    os.makedirs(FOLDER, exist_ok=True)
    if words == ["archive"]:
        archive()
        return 0
    if len(words) == 2 and words[0] == "run" and words[1].isdigit() and int(words[1]) > 0:
        archive()
        return run(int(words[1]))
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
