//! `include/weir.hpp`: it compiles everywhere, does what the C functions do, costs what they cost,
//! and refuses at compile time what C refuses at run time.

use ffi_tests::c::{self, Target, WARNINGS};
use ffi_tests::header::{declarations, read, root};
use ffi_tests::{evidence, header};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const STANDARDS: [&str; 5] = ["c++11", "c++14", "c++17", "c++20", "c++2b"];
const CPP_WARNINGS: [&str; 6] = [
    "-Wold-style-cast",
    "-Wzero-as-null-pointer-constant",
    "-Wnon-virtual-dtor",
    "-Weffc++",
    "-fno-exceptions",
    "-fno-rtti",
];
/// Compilers with the flags that choose a machine; those without a C library only freestanding.
const COMPILERS: [(&str, &str, bool); 6] = [
    ("g++", "-Wuseless-cast", true),
    ("clang++", "", true),
    (
        "riscv64-unknown-elf-g++",
        "-march=rv32imac -mabi=ilp32 --specs=picolibc.specs -Wuseless-cast",
        true,
    ),
    (
        "arm-none-eabi-g++",
        "-mcpu=cortex-m0 -mthumb --specs=picolibc.specs -Wuseless-cast",
        true,
    ),
    ("clang++", "--target=riscv32 -march=rv32imac", false),
    ("clang++", "--target=thumbv6m-none-eabi", false),
];
/// Names that other people's headers define as macros before ours is read.
const HOSTILE: &str = "min max abs round clamp F B0 B1 B11 EMPTY PI HIGH LOW INPUT OUTPUT bit word \
    ERROR OK TRUE FALSE complex I near far small interface unix linux BIT BYTE";
/// Every class with every member, and a port of each kind.
const USER: &str = "
template class weir::Complex<16, 48, 80, 6>;
template class weir::detail::ComplexCalls<WEIR_COMPLEX_BYTES(16, 48, 80, 6)>;
template class weir::MeshComplex<16, 6, 6>;
template class weir::Mesh<16, 6, 12, 8, 250, 6>;
template class weir::detail::MeshCalls<WEIR_MESH_BYTES(16, 6, 12, 8, 250)>;
template class weir::Mesh<128, 46, 1024, 1024, 1024, 128, 1024, 512>;
struct Radio {
    weir_status transmit(const uint8_t *, size_t) { return WEIR_OK; }
    weir_status entropy(uint8_t *, size_t) { return WEIR_OK; }
};
struct Signing : Radio {
    weir_status sign(const uint8_t *, size_t, uint8_t *) { return WEIR_OK; }
    static weir_status verify(uint16_t, const uint8_t *, size_t, const uint8_t *) { return -1; }
};
constexpr weir_mesh_port radio_port = weir::port<Radio>();
static_assert(radio_port.sign == nullptr, \"no signing\");
extern const weir_mesh_port signing_port;
constexpr weir_mesh_port signing_port = weir::port<Signing>();
using Node = weir::Mesh<16, 6, 12, 8, 250, 6>;
extern Node node;
Node node;
weir_status go(weir_mesh_config &config, Radio &radio, Signing &signing, bool both);
weir_status go(weir_mesh_config &config, Radio &radio, Signing &signing, bool both)
{
    return both ? node.start(config, signing) : node.start(config, radio);
}
";

/// A compiler with the warnings of this file.
fn compiler(name: &str, flags: &str, standard: &str) -> Command {
    let mut command = Command::new(name);
    command.arg(format!("-std={standard}")).args(WARNINGS);
    command.args(CPP_WARNINGS).args(flags.split_whitespace());
    command.arg("-I").arg(root().join("include")).arg("-c");
    command.current_dir(root());
    command
}

fn have(tool: &str) -> bool {
    c::run(Command::new(tool).arg("--version")).good
}

#[test]
fn face_compiles_in_every_mode() {
    let dir = c::scratch("cpp-modes");
    let hostile: String = HOSTILE
        .split_whitespace()
        .map(|name| format!("#undef {name}\n#define {name} )hostile(\n"))
        .collect();
    let include = "#include <weir.hpp>\n#include <weir.hpp>\n";
    fs::write(dir.join("plain.cpp"), format!("{include}{USER}")).expect("the test's file");
    let text = format!("{hostile}{include}{USER}");
    fs::write(dir.join("hostile.cpp"), text).expect("the test's file");
    let mut modes = 0;
    for (name, flags, hosted) in COMPILERS {
        if !have(name) {
            c::skip("face_compiles_in_every_mode", &format!("no {name}"));
            continue;
        }
        for standard in STANDARDS {
            for library in [None, Some("-ffreestanding")] {
                if library.is_none() && !hosted {
                    continue;
                }
                for file in ["plain.cpp", "hostile.cpp"] {
                    let mut command = compiler(name, flags, standard);
                    command.args(library).arg(dir.join(file));
                    let outcome = c::run(command.arg("-o").arg(dir.join("user.o")));
                    assert!(outcome.good, "{command:?}\n{}", outcome.text);
                    modes += 1;
                }
            }
        }
    }
    c::say(&format!("weir.hpp compiles in {modes} modes"));
    let command = "cargo test -p ffi-tests --test cpp";
    evidence::PROMISES.measured("modes in which weir.hpp compiles", modes, "modes", command);
}

/// Each handle's functions, by the name of the first parameter's type.
fn calls() -> Vec<(String, String)> {
    let mut out = vec![];
    for line in declarations(&header::text()) {
        let Some((head, parameters)) = line.split_once('(') else {
            continue;
        };
        let name = head.rsplit([' ', '*']).next().unwrap_or("");
        for handle in ["weir_complex", "weir_mesh"] {
            let verb = name.strip_prefix(&format!("{handle}_"));
            if let Some(verb) = verb
                && parameters.starts_with(&format!("struct {handle} *"))
                && !parameters.starts_with(&format!("struct {handle} **"))
            {
                out.push((handle.to_string(), verb.to_string()));
            }
        }
    }
    out
}

#[test]
fn every_call_has_a_method_that_the_scenario_uses() {
    let (face, scenario) = (read("include/weir.hpp"), read("ffi-tests/c/scenario.cpp"));
    let calls = calls();
    assert!(calls.len() >= 40, "{calls:?}");
    for (handle, verb) in calls {
        let given = ["(raw()", "(this->raw()", ">"];
        let mut wrapped = given.iter().map(|end| format!("{handle}_{verb}{end}"));
        assert!(
            wrapped.any(|call| face.contains(&call)),
            "weir.hpp has no {handle}_{verb}"
        );
        let object = if handle == "weir_mesh" {
            "BOTH("
        } else {
            "SOLO("
        };
        let used = scenario.contains(&format!(".{verb}("))
            || scenario.lines().any(|line| {
                line.trim_start().starts_with(object) && line.contains(&format!("{verb},"))
            });
        assert!(used, "scenario.cpp does not use {handle}_{verb}");
    }
    let includes: Vec<_> = face
        .lines()
        .filter(|line| line.starts_with("#include"))
        .collect();
    assert_eq!(includes, ["#include <weir.h>"]);
}

/// Compiles a program of `ffi-tests/c` for a target.
fn object(target: Target, name: &str, flags: &[&str], dir: &Path) -> PathBuf {
    let object = dir.join(format!("{name}.o"));
    let mut command = target.compiler("c++");
    command.args(WARNINGS).args(CPP_WARNINGS).args(flags);
    if !target.triple().contains("linux") {
        command.arg("--specs=picolibc.specs");
    }
    command.args(["-Os", "-ffunction-sections", "-fdata-sections"]);
    command.args(["-isystem", "ffi-tests/c", "-c"]);
    command.arg(format!("ffi-tests/c/{name}.cpp"));
    let outcome = c::run(command.arg("-o").arg(&object));
    assert!(outcome.good, "{command:?}\n{}", outcome.text);
    object
}

/// Links with the C compiler, so that no C++ library can help, and runs.
fn result(target: Target, name: &str, flags: &[&str]) -> Option<String> {
    if let Some(why) = target.lacks() {
        c::skip(&format!("{name}.cpp on {}", target.triple()), &why);
        return None;
    }
    let dir = c::scratch(&format!("cpp-{name}-{}{}", target.triple(), flags.join("")));
    let object = object(target, name, flags, &dir);
    let built = target.build(&object.to_string_lossy(), &[], &dir.join(name));
    assert!(built.is_ok(), "{name}: {built:?}");
    let outcome = target.run(&dir.join(name));
    assert!(outcome.good, "{name}: {}", outcome.text);
    Some(outcome.text)
}

#[test]
fn scenario_is_the_same_through_the_classes() {
    let mut seen: Vec<String> = vec![];
    for target in [Target::host(), Target::rv32()] {
        for standard in ["-std=c++11", "-std=c++2b"] {
            let text = result(target, "scenario", &[standard]);
            if let Some(last) = text.as_deref().and_then(|text| text.lines().last()) {
                c::say(&format!("{last} ({standard}) on {}", target.triple()));
            }
            seen.extend(text);
        }
    }
    assert!(
        seen.iter()
            .all(|text| *text == seen[0] && text.contains("back ")),
        "{seen:?}"
    );
}

#[test]
fn quickstart_does_the_same() {
    for target in [Target::host(), Target::rv32()] {
        if let Some(text) = result(target, "quickstart", &["-std=c++17"]) {
            let readme = read("README.md");
            let shown = readme.split_once("```text\n").map(|(_, after)| after);
            assert!(
                shown.is_some_and(|shown| shown.starts_with(&text)),
                "{text}"
            );
        }
    }
}

/// Symbols of an object: size, letter, name. An undefined one has size 0.
fn symbols(nm: &str, object: &Path) -> Vec<(u64, String, String)> {
    let outcome = c::run(Command::new(nm).arg("-S").arg(object));
    assert!(outcome.good, "{}", outcome.text);
    let rows = outcome.text.lines().filter_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            [_, size, letter, name] => {
                let size = u64::from_str_radix(size, 16).ok()?;
                Some((size, letter.to_string(), name.to_string()))
            }
            [.., letter, name] => Some((0, letter.to_string(), name.to_string())),
            _ => None,
        }
    });
    rows.collect()
}

/// Symbols that belong to the run-time library of C++.
fn of_the_runtime(symbols: &[(u64, String, String)]) -> Vec<&str> {
    let bad = [
        "__gxx_personality",
        "__cxa_throw",
        "__cxa_guard",
        "__cxa_pure",
        "_Unwind",
        "_ZTI",
        "_ZTS",
        "_ZTV",
        "_Zn",
        "_Zd",
        "_ZSt",
        "__aeabi_unwind",
    ];
    let names = symbols.iter().map(|(_, _, name)| name.as_str());
    names
        .filter(|name| bad.iter().any(|bad| name.starts_with(bad)))
        .collect()
}

#[test]
fn objects_need_no_runtime_library() {
    let dir = c::scratch("cpp-runtime");
    for name in ["scenario", "quickstart"] {
        let object = object(Target::host(), name, &["-std=c++17"], &dir);
        let symbols = symbols("nm", &object);
        assert_eq!(of_the_runtime(&symbols), [""; 0], "{name}");
        assert!(symbols.iter().any(|(.., name)| name == "weir_mesh_init"));
    }
    // The check sees what it looks for.
    let canary = "struct S { virtual ~S() {} };\nS *make() { return new S; }\n\
                  int f() { try { delete make(); return 0; } catch (int x) { return x; } }\n";
    fs::write(dir.join("canary.cpp"), canary).expect("the test's file");
    let object = dir.join("canary.o");
    let mut command = Target::host().compiler("c++");
    command.arg("-c").arg(dir.join("canary.cpp"));
    assert!(c::run(command.arg("-o").arg(&object)).good);
    let symbols = symbols("nm", &object);
    let found = of_the_runtime(&symbols).join(" ");
    for part in ["__gxx_personality_v0", "_ZTI1S", "_ZTV1S", "_Znwm"] {
        assert!(found.contains(part), "{part} not in {found}");
    }
}

/// Bytes of text and of read-only data, of data, and of zeroed data.
fn size(tool: &str, object: &Path) -> [u64; 3] {
    let outcome = c::run(Command::new(tool).arg(object));
    let row = outcome.text.lines().nth(1).unwrap_or("");
    let mut numbers = row.split_whitespace().map_while(|word| word.parse().ok());
    [(); 3].map(|()| {
        numbers
            .next()
            .unwrap_or_else(|| panic!("{tool}: {}", outcome.text))
    })
}

/// What the quickstart's own part takes on RV32IMAC, in C and through the classes.
#[test]
fn classes_cost_nothing_but_their_destructors() {
    if let Some(why) = Target::rv32().lacks() {
        c::skip("classes_cost_nothing_but_their_destructors", &why);
        return;
    }
    let dir = c::scratch("cpp-cost");
    let own = object(Target::rv32(), "quickstart", &["-std=c++17"], &dir);
    let plain = dir.join("plain.o");
    let mut command = Target::rv32().compiler("c");
    command.args(["-std=c11", "-Os", "-ffunction-sections", "-fdata-sections"]);
    command.args(["--specs=picolibc.specs", "-c"]);
    command.arg("examples-c/quickstart/quickstart.c");
    let outcome = c::run(command.arg("-o").arg(&plain));
    assert!(outcome.good, "{}", outcome.text);

    let tool = "riscv64-unknown-elf-size";
    let ([text, data, zeroed], [c_text, c_data, c_zeroed]) = (size(tool, &own), size(tool, &plain));
    let symbols = symbols("riscv64-unknown-elf-nm", &own);
    // Static objects: a function that registers their destructor, and one that calls it.
    let leaves = |name: &str| name.starts_with("__tcf_") || name.starts_with("_GLOBAL__sub_I_");
    let destroying: u64 = symbols
        .iter()
        .filter(|(_, letter, name)| letter == "t" && leaves(name))
        .map(|row| row.0)
        .sum();
    c::say(&format!(
        "quickstart's own part on RV32IMAC: text {c_text} in C, {text} in C++, of which \
         {destroying} destroy static objects; data {c_data} and {data}; bss {c_zeroed} and {zeroed}"
    ));
    let command = "cargo test -p ffi-tests --test cpp classes";
    let (rest, all) = (
        text as i64 - destroying as i64 - c_text as i64,
        text as i64 + data as i64 - c_text as i64 - c_data as i64,
    );
    let row = "text of the C++ quickstart above the C one, RV32IMAC";
    evidence::PROMISES.figure(row, all, "bytes", "<=", 128, command);
    let row = "the same, static objects not destroyed: C++ quickstart, RV32IMAC";
    evidence::PROMISES.figure(row, rest, "bytes", "<=", 0, command);
    assert!(destroying > 0 && rest <= 0 && all <= 128, "{rest}, {all}");
    assert_eq!(data, 4, "one entry of .init_array");
    // Two nodes with a complex each: four times a handle's padding.
    assert!(zeroed <= c_zeroed + 16, "{zeroed} against {c_zeroed}");
    let port = symbols
        .iter()
        .find(|(.., name)| name.starts_with("_ZZN4weir4Mesh") && name.ends_with("5table"));
    assert!(
        port.is_some_and(|(size, letter, _)| *size == 20 && "rRVu".contains(letter.as_str())),
        "the port is a constant: {port:?}"
    );
}

/// One mistake, and what the compiler says of it.
const MISTAKES: [(&str, &str); 14] = [
    ("Node copy(node);", "deleted"),
    (
        "void f(Node &other); void f(Node &other) { other = node; }",
        "deleted",
    ),
    ("Node moved(static_cast<Node &&>(node));", "deleted"),
    (
        "weir_status s = node.attach_complex(other_map);",
        "MeshComplex",
    ),
    (
        "weir::Mesh<16, 6, 12, 8, 20, 6> m;",
        "a frame has 80..=1024 bytes",
    ),
    (
        "weir::Mesh<16, 6, 5, 8, 250, 6> m;",
        "neighbours are degree..=1024",
    ),
    (
        "weir::Mesh<129, 6, 12, 8, 250, 6> m;",
        "a mesh has 2..=128 nodes",
    ),
    (
        "weir::Mesh<16, 6, 12, 8, 250, 64, 32> m;",
        "fill is 1..=nodes",
    ),
    ("weir::Complex<16, 40000, 80, 6> m;", "1..=32767 edges"),
    ("weir::Complex<70000, 48, 80, 6> m;", "arrow"),
    ("void f(); void f() { node.leave(); }", "unused-result"),
    (
        "const uint8_t key[8] = {}; weir_status s = node.set_key(0, key, 8);",
        "set_key",
    ),
    (
        "struct R { weir_status transmit(const uint8_t *, size_t); \
         weir_status entropy(uint8_t *, size_t); weir_status sign(int); };\n\
         weir_mesh_port p = weir::port<R>();",
        "sign",
    ),
    (
        "weir::detail::Owner<weir_mesh, 8, weir_mesh_deinit> o;",
        "protected",
    ),
];

#[test]
fn mistakes_do_not_compile() {
    let dir = c::scratch("cpp-mistakes");
    let start = "#include <weir.hpp>\nusing Node = weir::Mesh<16, 6, 12, 8, 250, 6>;\n\
                 extern Node node;\nextern weir::MeshComplex<16, 6, 7> other_map;\n";
    let try_out = |name: &str, text: &str| {
        fs::write(dir.join("user.cpp"), format!("{start}{text}\n")).expect("the test's file");
        let mut command = compiler(name, "-Wno-unused-variable", "c++17");
        c::run(
            command
                .arg(dir.join("user.cpp"))
                .arg("-o")
                .arg(dir.join("user.o")),
        )
    };
    for name in ["g++", "clang++"] {
        if !have(name) {
            c::skip("mistakes_do_not_compile", &format!("no {name}"));
            continue;
        }
        let fine = try_out(name, "extern Node second; Node second{};");
        assert!(fine.good, "{}", fine.text);
        for (text, words) in MISTAKES {
            let outcome = try_out(name, text);
            let errors = outcome.text.lines().filter(|line| line.contains("error"));
            assert!(!outcome.good, "{name} takes {text}");
            assert!(
                outcome.text.contains(words) && errors.count() > 0,
                "{name} {text}: {words}\n{}",
                outcome.text
            );
        }
    }
}
