//! Compiles C against `include/weir.h` and a built archive, and runs it: on this machine, or on
//! RV32IMAC under QEMU with picolibc.

use crate::header::{read, root};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Warnings that are errors for every C file of the repository.
pub const WARNINGS: &[&str] = &[
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wsign-conversion",
    "-Wshadow",
    "-Wundef",
    "-Wcast-align",
    "-Wcast-qual",
    "-Wvla",
    "-Werror",
];

/// Those that only C has.
pub const C_WARNINGS: &[&str] = &[
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
    "-Wold-style-definition",
    "-Wc++-compat",
];

/// Says that something could not be checked here. With `CI=true` that is a failure.
///
/// Written past the test harness, which would swallow it; the runner counts these lines.
pub fn skip(what: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "\nskipped: {what}: {why}");
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{what} could not run: {why}"
    );
}

/// Prints a line that the runner shows, whether or not the test passes.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "\nsays: {line}");
}

/// A fresh folder for one test's files.
pub fn scratch(name: &str) -> PathBuf {
    let dir = root().join("target/c-tests").join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).expect("a folder for the test's files");
    dir
}

/// What a command printed, and whether it went well.
#[derive(Debug)]
pub struct Outcome {
    /// The exit status was zero.
    pub good: bool,
    /// Standard output, then standard error.
    pub text: String,
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Outcome {
    let output = match command.output() {
        Ok(output) => output,
        Err(why) => {
            return Outcome {
                good: false,
                text: format!("{command:?}: {why}"),
            };
        }
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    Outcome {
        good: output.status.success(),
        text,
    }
}

/// Where a C program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// This machine.
    Host,
    /// RV32IMAC without an operating system, in QEMU.
    Rv32,
}

impl Target {
    /// Both.
    pub const ALL: [Target; 2] = [Target::Host, Target::Rv32];

    /// The Rust triple, which names the archive.
    pub fn triple(self) -> &'static str {
        match self {
            Target::Host => "x86_64-unknown-linux-gnu",
            Target::Rv32 => "riscv32imac-unknown-none-elf",
        }
    }

    /// `dist/lib/<triple>/libweir.a`.
    pub fn archive(self) -> PathBuf {
        root()
            .join("dist/lib")
            .join(self.triple())
            .join("libweir.a")
    }

    /// Why nothing can be run here, if so.
    pub fn lacks(self) -> Option<String> {
        if self == Target::Host && !(cfg!(target_os = "linux") && cfg!(target_arch = "x86_64")) {
            return Some(format!("this machine is no {}", self.triple()));
        }
        if !self.archive().exists() {
            return Some(format!("no archive: make archive TARGET={}", self.triple()));
        }
        let tools: &[&str] = match self {
            Target::Host => &[],
            Target::Rv32 => &["riscv64-unknown-elf-gcc", "qemu-system-riscv32"],
        };
        let absent = tools
            .iter()
            .find(|tool| !run(Command::new(tool).arg("--version")).good);
        absent.map(|tool| format!("no {tool}: make setup"))
    }

    /// The compiler with the flags of the ABI; `language` is "c" or "c++".
    pub fn compiler(self, language: &str) -> Command {
        let mut command = match self {
            Target::Host => {
                let mut build = cc::Build::new();
                build
                    .cpp(language == "c++")
                    .target(self.triple())
                    .host(self.triple());
                build
                    .opt_level(1)
                    .cargo_metadata(false)
                    .no_default_flags(true);
                build.get_compiler().to_command()
            }
            Target::Rv32 if language == "c++" => Command::new("riscv64-unknown-elf-g++"),
            Target::Rv32 => Command::new("riscv64-unknown-elf-gcc"),
        };
        if self == Target::Rv32 {
            command.args(["-march=rv32imac", "-mabi=ilp32"]);
        }
        command.arg("-I").arg(root().join("include"));
        command.current_dir(root());
        command
    }

    /// The flags that turn objects and the archive into a program.
    fn link(self, command: &mut Command) {
        if self == Target::Rv32 {
            // picolibc's own linker script, placed by these four symbols where QEMU has memory.
            command.args([
                "--specs=picolibc.specs",
                "--oslib=semihost",
                "--crt0=hosted",
            ]);
            command.args([
                "-Wl,--defsym=__flash=0x80000000",
                "-Wl,--defsym=__flash_size=0x400000",
            ]);
            command.args([
                "-Wl,--defsym=__ram=0x80400000",
                "-Wl,--defsym=__ram_size=0x800000",
            ]);
        }
        command.arg("-Wl,--gc-sections");
        command.arg(self.archive());
    }

    /// Compiles one file (named from the root) and links it with the archive.
    pub fn build(self, source: &str, flags: &[&str], program: &Path) -> Result<(), String> {
        let mut command = self.compiler("c");
        command.args([
            "-std=c11",
            "-Os",
            "-g",
            "-ffunction-sections",
            "-fdata-sections",
        ]);
        command
            .args(WARNINGS)
            .args(flags)
            .arg(source)
            .arg("-o")
            .arg(program);
        self.link(&mut command);
        let outcome = run(&mut command);
        if outcome.good {
            Ok(())
        } else {
            Err(outcome.text)
        }
    }

    /// Runs a program, at most two minutes.
    pub fn run(self, program: &Path) -> Outcome {
        let mut command = Command::new("timeout");
        command.arg("120");
        match self {
            Target::Host => {
                command.arg(program);
            }
            Target::Rv32 => {
                command
                    .args("qemu-system-riscv32 -M virt -m 32M -nographic -monitor none".split(' '));
                command.args("-serial none -bios none -icount shift=0".split(' '));
                // No FPU and no bit manipulation: an instruction the chip lacks must trap.
                let cpu = "rv32,f=false,d=false,h=false,zba=false,zbb=false,zbc=false,zbs=false";
                command.args([
                    "-cpu",
                    cpu,
                    "-chardev",
                    "stdio,id=con",
                    "-semihosting-config",
                ]);
                command
                    .args(["enable=on,target=native,chardev=con", "-kernel"])
                    .arg(program);
            }
        }
        run(&mut command)
    }

    /// Builds and runs a program of `ffi-tests/c`, shows its last line, returns all of them.
    pub fn program(self, name: &str, flags: &[&str]) -> Option<String> {
        if let Some(why) = self.lacks() {
            skip(&format!("{name}.c on {}", self.triple()), &why);
            return None;
        }
        let program = scratch(&format!("{name}-{}", self.triple())).join(name);
        if let Err(why) = self.build(&format!("ffi-tests/c/{name}.c"), flags, &program) {
            panic!("{name}.c for {}: {why}", self.triple());
        }
        let outcome = self.run(&program);
        let last = outcome
            .text
            .trim_end()
            .lines()
            .last()
            .unwrap_or("printed nothing")
            .to_string();
        say(&format!("{} on {}", last, self.triple()));
        assert!(
            outcome.good,
            "{name}.c on {}:\n{}",
            self.triple(),
            outcome.text
        );
        Some(outcome.text)
    }
}

/// Compares with a committed file, or with `WEIR_BLESS=1` writes it.
pub fn matches_committed(path: &str, text: &str) {
    if std::env::var("WEIR_BLESS").as_deref() == Ok("1") {
        fs::write(root().join(path), text).unwrap_or_else(|why| panic!("{path}: {why}"));
    }
    let committed = if root().join(path).exists() {
        read(path)
    } else {
        String::new()
    };
    let differs = text
        .lines()
        .zip(committed.lines())
        .position(|(now, then)| now != then);
    let line = differs.unwrap_or(text.lines().count().min(committed.lines().count()));
    assert!(
        text == committed,
        "{path} differs at line {}:\n  committed: {}\n  now:       {}\nWEIR_BLESS=1 accepts it",
        line + 1,
        committed.lines().nth(line).unwrap_or("(nothing)"),
        text.lines().nth(line).unwrap_or("(nothing)"),
    );
}
