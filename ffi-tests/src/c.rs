//! Compiles C against `include/weir.h` and a built archive, and runs it on any machine of
//! cmake/targets.txt: this one, emulated boards with picolibc, other systems' ABIs, WebAssembly.

use crate::header::{read, root};
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

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

/// A machine of the table.
#[derive(Debug)]
struct Machine {
    name: String,
    archive: &'static Archive,
    /// The whole set of programs runs there, or only the small one.
    all: bool,
    /// Further flags for compiling and linking a program.
    link: Vec<String>,
    /// What starts a program; empty: the program itself.
    command: Vec<String>,
}

/// Fields of the rows of one kind, as cmake/targets.sh prints them.
fn table(kind: &str) -> Vec<Vec<String>> {
    let script = root().join("cmake/targets.sh");
    let outcome = run(Command::new(script).arg(kind));
    assert!(outcome.good, "cmake/targets.sh {kind}: {}", outcome.text);
    let fields = |line: &str| line.split(';').map(str::to_string).collect();
    outcome.text.lines().map(fields).collect()
}

/// An archive of the table.
#[derive(Debug)]
pub struct Archive {
    /// The Rust triple.
    pub triple: String,
    /// Prefix of the cross tools, or "clang".
    tools: String,
    /// Flags of the ABI.
    pub flags: Vec<String>,
    /// Chips and systems it is for.
    pub chips: String,
}

/// Every archive, in the order of the table.
pub fn archives() -> &'static [Archive] {
    static ARCHIVES: OnceLock<Vec<Archive>> = OnceLock::new();
    ARCHIVES.get_or_init(|| {
        let archive = |row: Vec<String>| Archive {
            triple: row[0].clone(),
            tools: row[1].trim_start_matches('-').to_string(),
            flags: words(&row[2]),
            chips: row[4].clone(),
        };
        table("archive").into_iter().map(archive).collect()
    })
}

/// The words of a field; "-" is none.
fn words(field: &str) -> Vec<String> {
    let words = field.split_whitespace().filter(|word| *word != "-");
    words.map(str::to_string).collect()
}

/// The machines, in the order of the table.
fn machines() -> &'static [Machine] {
    static MACHINES: OnceLock<Vec<Machine>> = OnceLock::new();
    MACHINES.get_or_init(|| {
        let machine = |row: Vec<String>| {
            let archive = archives().iter().find(|archive| archive.triple == row[1]);
            Machine {
                name: row[0].clone(),
                archive: archive.unwrap_or_else(|| panic!("no archive for {row:?}")),
                all: row[2] == "all",
                link: words(&row[3]),
                command: words(&row[4]),
            }
        };
        table("machine").into_iter().map(machine).collect()
    })
}

/// A machine that C programs run on: this one, an emulated board, or another system's ABI.
#[derive(Clone, Copy, Debug)]
pub struct Target(&'static Machine);

impl PartialEq for Target {
    fn eq(&self, other: &Target) -> bool {
        self.name() == other.name()
    }
}

impl Target {
    /// The machine of that name.
    pub fn named(name: &str) -> Target {
        let machine = Target::machines().find(|target| target.name() == name);
        machine.unwrap_or_else(|| panic!("no machine {name} in cmake/targets.txt"))
    }

    /// This machine.
    pub fn host() -> Target {
        Target::named("host")
    }

    /// RV32IMAC without an operating system, in QEMU.
    pub fn rv32() -> Target {
        Target::named("rv32imac")
    }

    /// Every machine.
    pub fn machines() -> impl Iterator<Item = Target> {
        machines().iter().map(Target)
    }

    /// Every machine that runs the whole set of programs.
    pub fn all() -> impl Iterator<Item = Target> {
        Target::machines().filter(|target| !target.is_small())
    }

    /// The first machine of the table that runs this archive.
    pub fn of(archive: &Archive) -> Option<Target> {
        Target::machines().find(|target| target.triple() == archive.triple)
    }

    /// How tests and figures call it.
    pub fn name(self) -> &'static str {
        &self.0.name
    }

    /// The Rust triple, which names the archive.
    pub fn triple(self) -> &'static str {
        &self.0.archive.triple
    }

    /// Whether only a small program fits.
    pub fn is_small(self) -> bool {
        !self.0.all
    }

    /// The first words of what runs a program.
    pub fn emulator(self) -> String {
        match &self.0.command[..] {
            [] => "as it is".to_string(),
            [tool, machine, name, ..] if machine == "-M" => format!("{tool} {name}"),
            [tool, ..] => tool.clone(),
        }
    }

    /// Whether programs run on this machine's own processor.
    pub fn is_host(self) -> bool {
        self.0.command.is_empty()
    }

    /// Whether there is an operating system under a program.
    pub fn is_hosted(self) -> bool {
        self.triple().contains("linux")
    }

    /// `dist/lib/<triple>/libweir.a`.
    pub fn archive(self) -> PathBuf {
        let dist = root().join("dist/lib");
        dist.join(self.triple()).join("libweir.a")
    }

    /// A tool of the archive's format: "nm", "ar", "objcopy", "objdump".
    pub fn tool(self, name: &str) -> Command {
        match self.0.archive.tools.as_str() {
            "clang" => Command::new(format!("llvm-{name}-14")),
            prefix => Command::new(format!("{prefix}{name}")),
        }
    }

    /// Why nothing can be run here, if so.
    pub fn lacks(self) -> Option<String> {
        if self.is_host() && !(cfg!(target_os = "linux") && cfg!(target_arch = "x86_64")) {
            return Some(format!("this machine is no {}", self.triple()));
        }
        if !self.archive().exists() {
            return Some(format!("no archive: make archive TARGET={}", self.triple()));
        }
        let compiler = self.compiler("c").get_program().to_os_string();
        let tools = [
            Some(compiler),
            self.0.command.first().map(|tool| tool.into()),
        ];
        let absent = |tool: &OsString| !run(Command::new(tool).arg("--version")).good;
        let absent = tools.into_iter().flatten().find(absent);
        absent.map(|tool| format!("no {}: make setup", tool.display()))
    }

    /// The compiler with the flags of the ABI; `language` is "c" or "c++".
    pub fn compiler(self, language: &str) -> Command {
        let mut command = if self.is_host() {
            let mut build = cc::Build::new();
            build
                .cpp(language == "c++")
                .target(self.triple())
                .host(self.triple())
                .opt_level(1)
                .cargo_metadata(false)
                .no_default_flags(true);
            build.get_compiler().to_command()
        } else {
            match (self.0.archive.tools.as_str(), language) {
                ("clang", "c++") => Command::new("clang++-14"),
                ("clang", _) => Command::new("clang-14"),
                (prefix, "c++") => Command::new(format!("{prefix}g++")),
                (prefix, _) => Command::new(format!("{prefix}gcc")),
            }
        };
        if !self.is_host() {
            command.args(&self.0.archive.flags);
        }
        command.arg("-I").arg(root().join("include"));
        command.current_dir(root());
        command
    }

    /// The flags that turn objects and the archive into a program.
    pub fn link(self, command: &mut Command) {
        command.args(&self.0.link).arg("-Wl,--gc-sections");
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

    /// Runs a program, at most five minutes.
    pub fn run(self, program: &Path) -> Outcome {
        self.run_with(program, &[])
    }

    /// Runs a program with further arguments, which the emulator takes for its own.
    pub fn run_with(self, program: &Path, arguments: &[&str]) -> Outcome {
        let mut command = Command::new("timeout");
        command.arg("300").args(&self.0.command).arg(program);
        command.args(arguments);
        run(command.current_dir(root()))
    }

    /// Builds and runs a program of `ffi-tests/c`, shows its last line, returns all of them.
    pub fn program(self, name: &str, flags: &[&str]) -> Option<String> {
        if let Some(why) = self.lacks() {
            skip(&format!("{name}.c on {}", self.name()), &why);
            return None;
        }
        let program = scratch(&format!("{name}-{}", self.name())).join(name.replace('/', "-"));
        if let Err(why) = self.build(&format!("ffi-tests/c/{name}.c"), flags, &program) {
            panic!("{name}.c for {}: {why}", self.name());
        }
        let outcome = self.run(&program);
        let last = outcome
            .text
            .trim_end()
            .lines()
            .last()
            .unwrap_or("printed nothing")
            .to_string();
        say(&format!("{} on {}", last, self.name()));
        assert!(
            outcome.good,
            "{name}.c on {}:\n{}",
            self.name(),
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
