"""Run a recorded node again: on this machine, and on an emulated RV32IMAC one without an FPU."""
import os
import re
import shutil
import subprocess

from meshrun import HERE, ROOT

RUNS_MAX_S = 120


def run_host(program, journal):
    """What the replay prints."""
    done = subprocess.run([program, journal], capture_output=True, text=True, check=False,
                          timeout=RUNS_MAX_S)
    return done.stdout.strip() or done.stderr.strip()


def run_rv32(journal, folder):
    """The same on RV32IMAC; a line that begins with `skipped` if a tool is missing."""
    archive = os.path.join(ROOT, "dist", "lib", "riscv32imac-unknown-none-elf", "libweir.a")
    for tool in ("riscv64-unknown-elf-gcc", "qemu-system-riscv32"):
        if shutil.which(tool) is None:
            return f"skipped: {tool} is not installed"
    if not os.path.isfile(archive):
        return f"skipped: no {os.path.relpath(archive, ROOT)}"
    done = subprocess.run(["sh", os.path.join(HERE, "replay_rv32.sh"), journal, folder],
                          capture_output=True, text=True, check=False, timeout=RUNS_MAX_S)
    return (done.stdout + done.stderr).strip()


def compare(host, target, digest):
    """({what: line}, failures) of the two replays against the digest the process printed."""
    failures = []
    for name, line in (("host", host), ("RV32IMAC", target)):
        found = re.search(r"calls, digest ([0-9a-f]{16})$", line)
        if line.startswith("skipped"):
            continue
        if found is None:
            failures.append(f"replay on {name}: {line.splitlines()[-1] if line else 'no output'}")
        elif found.group(1) != digest:
            failures.append(f"replay on {name} ended with {found.group(1)}, the process with {digest}")
    return {"host": host, "rv32": target, "digest": digest}, failures
