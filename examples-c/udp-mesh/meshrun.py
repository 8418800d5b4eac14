"""Build the node, run one process per mote, cut the map, restart two of them, keep watch."""
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
NODE_SOURCES = ("app.c", "dump.c", "liar.c", "options.c", "port_linux.c", "record.c", "sign_sodium.c")
RECORDED_CALLS = ("init", "set_key", "attach_complex", "restore", "receive_isr", "poll", "set_work",
                  "ship", "record", "settle", "plan")
C_FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")


class Failure(Exception):
    """The run cannot go on; the text says why."""


def host_archive():
    """Path of the archive for this machine."""
    triple = {"x86_64": "x86_64-unknown-linux-gnu",
              "aarch64": "aarch64-unknown-linux-gnu"}.get(platform.machine())
    if platform.system() != "Linux" or triple is None:
        raise Failure(f"the demo needs Linux on x86-64 or 64-bit Arm, this is {platform.system()} "
                      f"on {platform.machine()}")
    path = os.path.join(ROOT, "dist", "lib", triple, "libweir.a")
    if not os.path.isfile(path):
        raise Failure(f"{os.path.relpath(path, ROOT)} is missing: run `make archive TARGET={triple}`")
    return path


def compile_c(sources, output, archive, extra=()):
    """Compile and link C sources with the archive."""
    compiler = os.environ.get("CC", "cc")
    if shutil.which(compiler) is None:
        raise Failure(f"no C compiler: {compiler} is not installed")
    command = [compiler, *C_FLAGS, "-I", os.path.join(ROOT, "include"), "-I", HERE,
               *(os.path.join(HERE, name) for name in sources), archive, *extra, "-o", output]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"{compiler} failed:\n{done.stderr.strip()}")


def build(folder, archive):
    """The node and the replay; gives their paths."""
    os.makedirs(folder, exist_ok=True)
    node, replay = os.path.join(folder, "weir-node"), os.path.join(folder, "weir-replay")
    wraps = [f"-Wl,--wrap=weir_mesh_{name}" for name in RECORDED_CALLS]
    compile_c(NODE_SOURCES, node, archive, (*wraps, "-lsodium"))
    compile_c(("replay.c",), replay, archive)
    return node, replay


def check_ports(base, motes):
    """Refuse before anything is started, rather than have one process fail later."""
    for mote in motes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", base + mote))
            except OSError as error:
                raise Failure(f"UDP port {base + mote} on 127.0.0.1 cannot be used "
                              f"({error.strerror}): choose another range with --base") from error


class Mesh:
    """All processes of one run."""

    def __init__(self, node, plan, folder):
        self.node, self.plan, self.folder = node, plan, folder
        self.process, self.boots, self.tails = {}, {}, {}
        self.latest = {}
        self.origin = 0

    def path(self, name):
        return os.path.join(self.folder, name)

    def arguments(self, mote):
        plan = self.plan
        options = {
            "id": mote, "boot": self.boots[mote], "map": plan.map_path, "range": plan.range_m,
            "base": plan.base, "seed": plan.seed, "loss": plan.loss_permille, "cut-x": plan.cut_x,
            "cut-from": plan.cut_from_ms, "cut-to": plan.cut_to_ms, "origin": self.origin,
            "arrivals": self.path(f"arrivals-{mote}.csv"), "log": self.path(f"log-{mote}.txt"),
            "dump": self.path(f"node-{mote}"), "rate": plan.rate, "tick": plan.tick_ms,
            "work-until": plan.work_until_ms, "end": plan.end_ms, "audit": plan.audit_ms,
        }
        if mote in plan.snapshots:
            options["snapshot"] = self.path(f"snapshot-{mote}.bin")
        if mote == plan.recorded:
            options["record"] = self.path(f"journal-{mote}.bin")
        if mote == plan.liar:
            options["forge"] = ",".join(map(str, plan.victims))
        return [part for name, value in options.items() for part in (f"--{name}", str(value))]

    def start(self, mote):
        self.boots[mote] = self.boots.get(mote, 0) + 1
        with open(self.path(f"stderr-{mote}.txt"), "ab") as errors:
            self.process[mote] = subprocess.Popen([self.node, *self.arguments(mote)],
                                                  stdin=subprocess.DEVNULL, stderr=errors)

    def cut_power(self, mote):
        """What a flat battery does: no goodbye, nothing saved."""
        self.process.pop(mote).kill()

    def now_ms(self):
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000_000 - self.origin

    def read_tails(self):
        """The newest tick of every node, for the progress line."""
        for mote in self.plan.motes:
            if mote not in self.tails:
                try:
                    self.tails[mote] = open(self.path(f"log-{mote}.txt"), encoding="ascii")
                except FileNotFoundError:
                    continue
            for line in self.tails[mote]:
                if line.startswith("tick ") and line.endswith("\n"):
                    self.latest[mote] = [int(word) for word in line.split()[1:]]

    def progress(self, now):
        self.read_tails()
        injected = sum(row[1] for row in self.latest.values())
        done = sum(row[2] for row in self.latest.values())
        longest = max((row[3] for row in self.latest.values()), default=0)
        plan = self.plan
        phase = ("map cut" if plan.cut_from_ms <= now < plan.cut_to_ms else
                 "meeting" if now < plan.begin_ms else
                 "resting" if now >= plan.work_until_ms else "working")
        total = sum(plan.arrived.values())
        return (f"{now / 1000:5.1f} of {plan.end_ms / 1000:.0f} s  {phase:8} {len(self.process):3} running  "
                f"arrived {injected / total:4.0%}  done {done / total:4.0%}  longest queue "
                f"{longest / plan.rate:6.1f} s of work")

    def check_alive(self):
        for mote, process in self.process.items():
            status = process.poll()
            if status not in (None, 0) or (status == 0 and self.now_ms() < self.plan.end_ms):
                with open(self.path(f"stderr-{mote}.txt"), encoding="utf-8", errors="replace") as file:
                    said = file.read().strip() or "without a word"
                raise Failure(f"the process of mote {mote} ended at {self.now_ms() / 1000:.1f} s with status "
                              f"{status}: {said}")

    def run(self):
        """Start, cut, restart and wait; gives the seconds it took. Nothing is left running."""
        script = sorted(self.plan.power)            # (ms, mote, on)
        shown, begun = -10_000, time.monotonic()
        self.origin = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000_000
        live = sys.stdout.isatty()
        try:
            for mote in self.plan.motes:
                self.start(mote)
            while any(process.poll() is None for process in self.process.values()):
                now = self.now_ms()
                while script and script[0][0] <= now:
                    _, mote, on = script.pop(0)
                    (self.start if on else self.cut_power)(mote)
                self.check_alive()
                if now > self.plan.end_ms + 10_000:
                    raise Failure("some processes do not end")
                if now - shown >= (500 if live else 5000):
                    shown = now
                    print(("\r" if live else "") + self.progress(now), end="" if live else "\n", flush=True)
                time.sleep(0.05)
            if live:
                print()
            self.check_alive()
            return time.monotonic() - begun
        finally:
            self.stop()

    def stop(self):
        for process in self.process.values():
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
        for process in self.process.values():
            process.wait()
        for tail in self.tails.values():
            tail.close()
