#!/usr/bin/env python3
"""Runs everything, shows what it took apart by set-up, build and run, and adds up the checks.

    run.py test            what `make test` does
    run.py demo [args]     what `make demo` does; arguments go to the demo
    run.py bench [exact]   instructions, times and the peers, into docs/benchmarks.json;
                           `exact` leaves the times as they are
    run.py evidence        the long runs, merged into docs/evidence.json

The last line is `N passed, N failed, N skipped`. What could not run is a skip and is named; with
CI=true it is a failure.
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
FIGURES = os.path.join(ROOT, "target", "evidence")
CI = os.environ.get("CI") == "true"


def text_of(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


class Run:
    """Counts, and seconds per phase."""

    def __init__(self):
        self.passed, self.failed, self.skipped = 0, 0, 0
        self.failures = []
        setup = float(os.environ.get("WEIR_SETUP_SECONDS", 0))
        self.seconds = {"set-up": setup, "build": 0.0, "run": 0.0}

    def command(self, phase, name, command, count=None, env=None):
        """Runs one command; `count` reads its output, otherwise its exit status is one check."""
        print(f"== {name}", flush=True)
        start = time.monotonic()
        lines = []
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(env or {})}, text=True,
                                   errors="replace", stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        for line in process.stdout:
            lines.append(line)
            if not quiet(line):
                print("   " + line.removeprefix("says: "), end="", flush=True)
        good = process.wait() == 0
        self.seconds[phase] += time.monotonic() - start
        if count:
            passed, failed, skipped = count("".join(lines))
            if not good and failed == 0:
                failed = 1  # it stopped before it could count; what was held back may say why
                held = [line for line in lines[-100:] if quiet(line) and line.strip()]
                print("".join("   | " + line for line in held))
        else:
            passed, failed, skipped = int(good and phase == "run"), int(not good), 0
        self.passed, self.failed, self.skipped = \
            self.passed + passed, self.failed + failed, self.skipped + skipped
        if failed:
            self.failures.append(name)
        return good

    def figures(self, what):
        """Seconds from a bare checkout: with a warm build folder they would say nothing."""
        rows = [{"topic": "first-mesh", "row": f"make {what} from a bare checkout: {phase}",
                 "value": round(seconds), "unit": "s", "op": "measured", "target": None,
                 "command": f"make {what}"} for phase, seconds in self.seconds.items()]
        if what == "test":
            rows.append({"topic": "promises", "row": "make test from a bare checkout, all phases",
                         "value": round(sum(self.seconds.values())), "unit": "s", "op": "<=",
                         "target": 25 * 60, "command": "make test"})
        os.makedirs(FIGURES, exist_ok=True)
        with open(os.path.join(FIGURES, f"make-{what}.json"), "w", encoding="utf-8") as file:
            json.dump(rows, file)

    def end(self):
        times = [f"{phase} {seconds:.0f} s" for phase, seconds in self.seconds.items()]
        print("\n" + ", ".join(times))
        for name in self.failures:
            print(f"failed: {name}")
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped", flush=True)
        return 1 if self.failed or (CI and self.skipped) else 0


SUMMARY = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", re.M)
NOISE = re.compile(r"^(test .* \.\.\. ok|test .* \.\.\.|ok|running \d+ tests?|test result: ok.*|"
                   r"\s+(Running|Doc-tests|Compiling|Finished|Downloaded|Downloading|Locking|Adding|"
                   r"Updating|Blocking) .*|Benchmarking .*|)$")


def quiet(line):
    return NOISE.match(line.rstrip()) is not None


def rust_counts(output):
    """Sums of the test harness. A test that could not check said `skipped:` and passed."""
    sums = [sum(int(found[at]) for found in SUMMARY.findall(output)) for at in range(3)]
    skips = len(re.findall(r"^skipped: ", output, re.M))
    return sums[0] - min(skips, sums[0]), sums[1], sums[2] + skips


def python_counts(output):
    """The last line `N passed, N failed, N skipped` of a script of this repository."""
    found = re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", output, re.M)
    return tuple(int(number or 0) for number in found[-1]) if found else (0, 0, 0)


# What the demo and the instruction counts run on.
HOST, CHIP = "x86_64-unknown-linux-gnu", "riscv32imac-unknown-none-elf"
COUNTED = (HOST, CHIP, "thumbv7m-none-eabi")


def cargo():
    return text_of("cmake/host-cargo.sh").strip()


def test(run, env=None):
    tool = cargo()
    run.command("build", "archives", ["cmake/build-archives.sh"])
    run.command("build", "what is counted on two chips", ["cmake/build-meter.sh"])
    suites = ["test", "--workspace", "--profile", "checked", "--all-targets"]
    built = run.command("build", "Rust tests, compiled", [tool, *suites, "--no-run"])
    if built:
        run.command("run", "Rust tests, and C through them", [tool, *suites, "--no-fail-fast"],
                    rust_counts, env)
        run.command("run", "examples in the documentation",
                    [tool, "test", "--workspace", "--doc", "--profile", "checked"], rust_counts)
    for script in sorted(scripts()):
        run.command("run", script, [sys.executable, script], python_counts)


def scripts():
    """Tests written in Python: test_*.py beside what they test."""
    for folder in ("examples-c", "ffi-tests"):
        for path, _, names in os.walk(os.path.join(ROOT, folder)):
            for name in names:
                if name.startswith("test_") and name.endswith(".py"):
                    yield os.path.relpath(os.path.join(path, name), ROOT)


def demo(run, arguments):
    # The second archive is for the node that is replayed on the emulated chip.
    built = [run.command("build", f"archive {triple}", ["cmake/build-archive.sh", triple])
             for triple in (HOST, CHIP)]
    print(f"set-up {run.seconds['set-up']:.0f} s, build {run.seconds['build']:.0f} s", flush=True)
    if not all(built):
        return 1
    # The demo speaks for itself; its status is ours.
    start = time.monotonic()
    command = [sys.executable, "examples-c/udp-mesh/demo.py", *arguments]
    status = subprocess.run(command, cwd=ROOT).returncode
    run.seconds["run"] = time.monotonic() - start
    return status


def bench(run, arguments):
    """Times, then exact counts, then one table of both and the rows of the evidence."""
    tool = cargo()
    criterion = os.path.join(ROOT, "target", "criterion")
    timed = [tool, "bench", "-p", "ffi-tests", "--features", "bench", "--bench", "reconcile"]
    table = ["--profile", "checked", "-p", "ffi-tests", "--bin", "weir-bench"]
    built = [run.command("build", name, command) for name, command in [
        *((f"archive {triple}", ["cmake/build-archive.sh", triple]) for triple in COUNTED),
        ("what is counted on two chips", ["cmake/build-meter.sh"]),
        ("the maker of the table", [tool, "build", *table])]]
    if "exact" not in arguments:
        shutil.rmtree(criterion, ignore_errors=True)  # a time must have been taken just now
        built.append(run.command("build", "what is timed", [*timed, "--no-run"]))
        if all(built):
            built.append(run.command("run", "times", [*timed, "--", "--quiet"],
                                     env={"CRITERION_HOME": criterion}))
    if all(built):
        run.command("run", "instructions, peers, table",
                    [tool, "run", "--quiet", *table, "--", *arguments])
        run.command("run", "merge", [sys.executable, "ffi-tests/evidence.py"])


def evidence(run):
    """Long runs first, then figures: a row is only written from what was measured just now."""
    for path in glob.glob(os.path.join(FIGURES, "*")):
        if not os.path.basename(path).startswith("make-"):
            os.remove(path)
    os.makedirs(FIGURES, exist_ok=True)
    test(run, {"WEIR_EVIDENCE": "1"})
    run.command("run", "branch coverage of the decoders",
                [sys.executable, "ffi-tests/coverage.py"], python_counts)
    for name, arguments in (("demo", []), ("demo with a liar", ["--liar", "17"])):
        report = os.path.join(FIGURES, name.replace(" ", "-") + ".json")
        command = [sys.executable, "examples-c/udp-mesh/demo.py", "--json", report, *arguments]
        run.command("run", name, command)
    run.command("run", "merge", [sys.executable, "ffi-tests/evidence.py"])


def main(arguments):
    run = Run()
    what = arguments[0] if arguments else "help"
    bare = not os.path.exists(os.path.join(ROOT, "target"))
    if what == "demo":
        status = demo(run, arguments[1:])
    elif what == "test":
        test(run)
        status = run.end()
    elif what == "bench":
        bench(run, arguments[1:])
        status = run.end()
    elif what == "evidence":
        evidence(run)
        status = run.end()
    else:
        print(__doc__)
        return 2
    if bare and status == 0 and what in ("demo", "test"):
        run.figures(what)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
