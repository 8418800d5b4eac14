#!/usr/bin/env python3
"""Branch coverage of every decoder under the hostile frames of ffi-tests/tests/frames.rs.

Needs llvm-profdata and llvm-cov of the LLVM that the compiler on the PATH was built with (Debian:
llvm-22 for Rust 1.95 and 1.96). Prints one line per decoder and writes the sums as evidence. Last
line: `N passed, N failed, N skipped`.
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "target", "coverage")
FIGURES = os.path.join(ROOT, "target", "evidence")
# Everything that reads bytes from the air, by demangled name.
DECODER = re.compile(r"weir::(mesh::frame|record::(wire|rows))::.*(decode|read_\w+)$|"
                     r"weir::mesh::Node>::(open|sessions|know|assemble|hear|hear_(records?|part))$")


def tool(name, version):
    return shutil.which(f"{name}-{version}") or shutil.which(name)


def llvm_version(cargo):
    rustc = os.path.join(os.path.dirname(cargo), "rustc")
    text = subprocess.run([rustc, "-vV"], check=True, capture_output=True, text=True).stdout
    return re.search(r"LLVM version: (\d+)", text)[1]


def measure(cargo, profdata, cov):
    raw = os.path.join(BUILD, "raw")
    shutil.rmtree(raw, ignore_errors=True)
    environment = {**os.environ, "CARGO_TARGET_DIR": BUILD, "RUSTC_BOOTSTRAP": "1",
                   "RUSTFLAGS": "-Cinstrument-coverage -Zcoverage-options=branch",
                   "LLVM_PROFILE_FILE": os.path.join(raw, "%p.profraw")}
    command = [cargo, "test", "--profile", "checked", "-p", "ffi-tests", "--test", "frames",
               "--message-format", "json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True,
                          text=True)
    made = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    binary = next(m["executable"] for m in made
                  if m.get("executable") and m["target"]["name"] == "frames")
    merged = os.path.join(BUILD, "frames.profdata")
    subprocess.run([profdata, "merge", "-sparse", *glob.glob(raw + "/*.profraw"), "-o", merged],
                   check=True)
    sources = [os.path.join(ROOT, "src", room) for room in ("mesh", "record")]
    text = subprocess.run([cov, "export", binary, "-instr-profile", merged, *sources], check=True,
                          capture_output=True, text=True).stdout
    return json.loads(text)["data"][0]["functions"]


def demangled(functions):
    names = "\n".join(function["name"] for function in functions)
    filt = shutil.which("llvm-cxxfilt") or glob.glob("/usr/bin/llvm-cxxfilt-*")[0]
    return subprocess.run([filt], input=names, capture_output=True, text=True,
                          check=True).stdout.splitlines()


def branches(functions):
    """Per decoder: (sides of branches taken, sides in all), over all its instances."""
    found = {}
    for name, function in zip(demangled(functions), functions):
        plain = re.sub(r"::<.*>$", "", name.split(":", 1)[-1] if name.startswith("_") else name)
        if not DECODER.search(plain):
            continue
        sides = found.setdefault(plain, {})
        for branch in function["branches"]:
            for side in (4, 5):
                key = (*branch[:4], side)
                sides[key] = sides.get(key, 0) + branch[side]
    return {name: (sum(count > 0 for count in sides.values()), len(sides))
            for name, sides in sorted(found.items())}


def main():
    cargo = subprocess.run([os.path.join(ROOT, "cmake/host-cargo.sh")], check=True,
                           capture_output=True, text=True).stdout.strip()
    version = llvm_version(cargo)
    profdata, cov = tool("llvm-profdata", version), tool("llvm-cov", version)
    if not profdata or not cov:
        print(f"skipped: coverage: no llvm-cov of LLVM {version}")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    rows = branches(measure(cargo, profdata, cov))
    for name, (taken, sides) in rows.items():
        print(f"{taken:4} of {sides:4}  {name}")
    taken, sides = (sum(column) for column in zip(*rows.values()))
    share = round(100 * taken / sides, 1) if sides else 0.0
    print(f"{taken} of {sides} sides of branches in {len(rows)} decoders: {share} %")
    os.makedirs(FIGURES, exist_ok=True)
    with open(os.path.join(FIGURES, "coverage.json"), "w", encoding="utf-8") as file:
        json.dump({"topic": "first-mesh", "row": "frames: branch coverage of the decoders",
                   "value": share, "unit": "%", "op": ">=", "target": 90,
                   "command": "ffi-tests/coverage.py"}, file)
    good = share >= 90
    print(f"{int(good)} passed, {int(not good)} failed, 0 skipped")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
