//! The header means the same to every compiler mode a firmware project may use.

use ffi_tests::c::{self, C_WARNINGS, Target, WARNINGS};
use ffi_tests::header::{self, root};
use std::fs;
use std::process::Command;

const C_STANDARDS: [&str; 4] = ["c99", "c11", "c17", "c2x"];
const CPP_STANDARDS: [&str; 5] = ["c++11", "c++14", "c++17", "c++20", "c++23"];
const CPP_WARNINGS: [&str; 3] = [
    "-Wold-style-cast",
    "-Wuseless-cast",
    "-Wzero-as-null-pointer-constant",
];

/// What Arduino cores, old SDKs and other people's headers define before ours is read.
const HOSTILE: &str = "
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define clamp(v, lo, hi) (v)
#define abs(x) ((x) > 0 ? (x) : -(x))
#define round(x) ((long)(x))
#define F(text) (text)
#define B0 0
#define B1 1
#define B11 3
#define EMPTY 0
#define PI 3
#define HIGH 1
#define LOW 0
#define INPUT 0
#define OUTPUT 1
#define bit(n) (1u << (n))
#define word(x) (x)
#define ERROR 1
#define OK 0
#define TRUE 1
#define FALSE 0
#define complex _Complex
#define I 1
#define near
#define far
#define small char
#define interface struct
";

/// A file that names every function, expands every macro and uses every default.
fn user(hostile: bool) -> String {
    let header = header::text();
    let mut text = if hostile {
        HOSTILE.to_string()
    } else {
        String::new()
    };
    text += "#include <weir.h>\n#include <weir.h>\n";
    for (at, (name, parameters)) in header::macros(&header).iter().enumerate() {
        text += &match (name.as_str(), parameters.len()) {
            ("WEIR_H" | "WEIR_CHECK_RESULT", _) => continue,
            ("WEIR_VERSION", _) => format!("extern const char text_{at}[sizeof {name}];\n"),
            (name, 0) if name.ends_with("_CONFIG_DEFAULT") => {
                let handle = name.trim_end_matches("_DEFAULT").to_lowercase();
                format!("extern {handle} v{at}; {handle} v{at} = {name};\n")
            }
            (name, n) if n > 0 && name.ends_with("_STORAGE") => format!(
                "extern {name}(s{at}, {0}); static {name}(t{at}, {0});\n\
                 struct in{at} {{ {name}(member, {0}); }};\n\
                 extern struct in{at} *u{at}(void); struct in{at} *u{at}(void) \
                 {{ static struct in{at} x; t{at}[0] = 1; return &x; }}\n",
                vec!["3"; n - 1].join(", ")
            ),
            (name, 0) => format!(
                "extern const long long v{at}; \
                                  const long long v{at} = static_value({name});\n"
            ),
            (name, n) => format!(
                "extern const long long v{at}; const long long v{at} = \
                                  static_value({name}({}));\n",
                vec!["3"; n].join(", ")
            ),
        };
    }
    text = text.replacen(
        "#include <weir.h>\n#include <weir.h>\n",
        "#include <weir.h>\n#include <weir.h>\n\
         #define static_value(x) ((x) != 0 ? 1 : 2)\n",
        1,
    );
    text
}

/// GCC of a target, or clang for this machine.
#[derive(Clone, Copy)]
enum Compiler {
    Gcc(Target),
    Clang,
}

impl Compiler {
    fn name(self) -> &'static str {
        match self {
            Compiler::Gcc(target) => target.name(),
            Compiler::Clang => "clang",
        }
    }

    fn command(self, language: &str) -> Command {
        let target = match self {
            Compiler::Gcc(target) => target,
            Compiler::Clang => return clang(language),
        };
        let mut command = target.compiler(language);
        if !target.is_hosted() {
            command.arg("-ffreestanding"); // no C library is needed to read the header
        }
        command
    }

    /// Clang 14 knows the newest standard of C++ by its working name.
    fn spelled(self, standard: &'static str) -> &'static str {
        match (self, standard) {
            (Compiler::Clang, "c++23") => "c++2b",
            _ => standard,
        }
    }
}

fn clang(language: &str) -> Command {
    let tool = if language == "c" { "clang" } else { "clang++" };
    let mut command = Command::new(tool);
    // GCC's warnings that clang does not have.
    command
        .arg("-Wno-unknown-warning-option")
        .arg("-I")
        .arg(root().join("include"));
    command
}

fn compile(compiler: Compiler, language: &str, standard: &str, flags: &[&str], source: &str) {
    let dir = c::scratch(&format!("compile-{standard}-{}", compiler.name()));
    let file = dir.join(if language == "c" {
        "user.c"
    } else {
        "user.cpp"
    });
    fs::write(&file, source).expect("the test's file");
    let mut command = compiler.command(language);
    command.arg(format!("-std={standard}")).args(WARNINGS);
    if language == "c" {
        command.args(C_WARNINGS);
    } else {
        command.args(CPP_WARNINGS);
    }
    command
        .args(flags)
        .arg("-c")
        .arg(&file)
        .arg("-o")
        .arg(dir.join("user.o"));
    let outcome = c::run(&mut command);
    assert!(
        outcome.good,
        "{} {language} {standard} {flags:?}:\n{}",
        compiler.name(),
        outcome.text
    );
}

fn header_compiles(compiler: Compiler) {
    let (plain, hostile) = (user(false), user(true));
    for enums in ["-fshort-enums", "-fno-short-enums"] {
        for (language, standards) in [("c", &C_STANDARDS[..]), ("c++", &CPP_STANDARDS[..])] {
            for standard in standards.iter().map(|standard| compiler.spelled(standard)) {
                compile(compiler, language, standard, &[enums], &plain);
                compile(compiler, language, standard, &[enums], &hostile);
            }
        }
    }
}

#[test]
fn header_compiles_with_gcc() {
    header_compiles(Compiler::Gcc(Target::host()));
}

#[test]
fn header_compiles_with_clang() {
    if !c::run(Command::new("clang").arg("--version")).good {
        return c::skip("header_compiles_with_clang", "no clang: make setup");
    }
    header_compiles(Compiler::Clang);
}

/// GCC for bare metal, whose enumerations are short by default on Arm.
#[test]
fn header_compiles_for_chips() {
    for target in ["rv32imac", "cortex-m3"].map(Target::named) {
        match target.lacks() {
            Some(why) if why.contains("gcc") => c::skip("header_compiles_for_chips", &why),
            _ => header_compiles(Compiler::Gcc(target)),
        }
    }
}

#[test]
fn a_result_that_is_dropped_is_an_error() {
    let dir = c::scratch("dropped");
    let file = dir.join("user.c");
    let text = "#include <weir.h>\nvoid f(void); void f(void) { weir_complex_reset(0); }\n";
    fs::write(&file, text).expect("the test's file");
    let mut command = Target::host().compiler("c");
    command
        .args(WARNINGS)
        .arg("-c")
        .arg(&file)
        .arg("-o")
        .arg(dir.join("user.o"));
    let outcome = c::run(&mut command);
    assert!(
        !outcome.good && outcome.text.contains("unused-result"),
        "{}",
        outcome.text
    );
}
