//! The package as a stranger meets it: installed, moved, fetched, unpacked, or found by pkg-config;
//! in C and in C++; for this machine and for a chip.

use ffi_tests::c::{self, Target};
use ffi_tests::header::{root, version};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn succeed(command: &mut Command) -> String {
    let outcome = c::run(command);
    assert!(outcome.good, "{command:?}\n{}", outcome.text);
    outcome.text
}

/// Whether the tools are here and the archive is built; otherwise a named skip.
fn possible(what: &str, tools: &[&str]) -> bool {
    let absent = tools
        .iter()
        .find(|tool| !c::run(Command::new(tool).arg("--version")).good);
    let why = absent
        .map(|tool| format!("no {tool}"))
        .or_else(|| Target::host().lacks());
    if let Some(why) = &why {
        c::skip(what, why);
    }
    why.is_none()
}

fn configure(source: &Path, build: &Path, options: &[&str]) -> c::Outcome {
    let mut command = Command::new("cmake");
    command.arg("-S").arg(source).arg("-B").arg(build);
    c::run(command.args(options))
}

fn install(prefix: &Path, build: &Path, options: &[&str]) {
    let outcome = configure(&root(), build, options);
    assert!(outcome.good, "{}", outcome.text);
    let mut command = Command::new("cmake");
    command.arg("--install").arg(build);
    succeed(command.arg("--prefix").arg(prefix));
}

/// Configures and builds the stranger's project.
fn build(build: &Path, options: &[&str]) {
    let outcome = configure(&root().join("ffi-tests/c/package"), build, options);
    assert!(outcome.good, "{}", outcome.text);
    succeed(Command::new("cmake").arg("--build").arg(build));
}

fn consume(folder: &Path, options: &[&str]) {
    build(folder, options);
    for program in ["consumer_c", "consumer_cpp"] {
        let said = succeed(&mut Command::new(folder.join(program)));
        assert_eq!(said, format!("weir {} 1\n", version()), "{program}");
    }
}

fn found_in(prefix: &Path) -> String {
    format!("-DCMAKE_PREFIX_PATH={}", prefix.display())
}

#[test]
fn installed_package() {
    if possible("installed_package", &["cmake"]) {
        let dir = c::scratch("package-installed");
        let (first, moved) = (dir.join("first"), dir.join("moved"));
        install(&first, &dir.join("weir"), &[]);
        for header in fs::read_dir(root().join("include")).expect("include") {
            let name = header.expect("a header").file_name();
            assert!(first.join("include").join(&name).exists(), "{name:?}");
        }
        consume(&dir.join("consumer"), &[&found_in(&first)]);
        // Nothing in it may remember where it was.
        fs::rename(&first, &moved).expect("moves");
        consume(&dir.join("another"), &[&found_in(&moved)]);
    }
}

#[test]
fn tree_links_fetched_and_as_a_subdirectory() {
    if possible("tree_links_fetched_and_as_a_subdirectory", &["cmake"]) {
        let dir = c::scratch("package-tree");
        let tree = format!("-DWEIR_TREE={}", root().display());
        consume(&dir.join("fetched"), &[&tree]);
        consume(&dir.join("beside"), &[&tree, "-DWEIR_BESIDE=ON"]);
        // A part of another project installs nothing unless asked.
        let prefix = dir.join("prefix");
        let mut command = Command::new("cmake");
        command.arg("--install").arg(dir.join("beside"));
        succeed(command.arg("--prefix").arg(&prefix));
        assert!(!prefix.join("include").exists());
    }
}

#[test]
fn pkg_config_states_the_version_and_links() {
    let name = "pkg_config_states_the_version_and_links";
    if !possible(name, &["cmake", "pkg-config"]) {
        return;
    }
    let dir = c::scratch("package-pkg-config");
    // Debian's libraries lie one folder deeper than others'.
    for (at, lib) in ["lib", "lib/x86_64-linux-gnu"].into_iter().enumerate() {
        let (first, moved) = (dir.join("first"), dir.join(format!("moved{at}")));
        let option = format!("-DCMAKE_INSTALL_LIBDIR={lib}");
        install(&first, &dir.join(format!("weir{at}")), &[&option]);
        fs::rename(&first, &moved).expect("moves");
        let ask = |what: &[&str]| {
            let mut command = Command::new("pkg-config");
            command.env("PKG_CONFIG_PATH", moved.join(lib).join("pkgconfig"));
            succeed(command.args(what).arg("weir"))
        };
        assert_eq!(ask(&["--modversion"]).trim(), version());
        let flags = ask(&["--cflags", "--libs"]);
        for (compiler, language) in [("cc", "c"), ("c++", "c++")] {
            let program = dir.join(format!("consumer-{language}-{at}"));
            let mut command = Command::new(compiler);
            command.args(["-x", language]);
            command.arg(root().join("ffi-tests/c/package/consumer.c"));
            command.args(["-x", "none"]).args(flags.split_whitespace());
            succeed(command.arg("-o").arg(&program));
            let said = succeed(&mut Command::new(&program));
            assert_eq!(said, format!("weir {} 1\n", version()));
        }
        let chip = Target::rv32();
        if chip.lacks().is_none() {
            let target = format!("--define-variable=target={}", chip.triple());
            let folder = ask(&[&target, "--variable=libdir"]);
            assert!(
                Path::new(folder.trim()).join("libweir.a").exists(),
                "{folder}"
            );
        }
    }
}

#[test]
fn missing_archive_is_named() {
    if possible("missing_archive_is_named", &["cmake"]) {
        let dir = c::scratch("package-missing");
        install(&dir.join("prefix"), &dir.join("weir"), &[]);
        let refused = |source: &Path, name: &str, options: &[&str], words: &str| {
            let outcome = configure(source, &dir.join(name), options);
            let names = [words, "x86_64-unknown-linux-gnu"];
            // CMake breaks lines of messages.
            let text = outcome
                .text
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            assert!(!outcome.good, "{text}");
            assert!(names.iter().all(|name| text.contains(name)), "{text}");
        };
        let other = "-DWEIR_RUST_TARGET=pdp11-unknown-none";
        let words = "no archive for 'pdp11-unknown-none'";
        refused(&root(), "tree", &[other], words);
        let consumer = root().join("ffi-tests/c/package");
        let prefix = found_in(&dir.join("prefix"));
        refused(&consumer, "wrong", &[&prefix, other], words);
        // The compiler makes code for a machine that no archive is for.
        let unknown = [
            "-DCMAKE_C_FLAGS=-mx32",
            "-DCMAKE_C_COMPILER_WORKS=1",
            &prefix,
        ];
        refused(
            &consumer,
            "unknown",
            &unknown,
            "no archive fits the compiler",
        );
    }
}

/// What CMake takes for the Rust triple, given a compiler and flags.
fn chosen(compiler: &str, flags: &str) -> c::Outcome {
    let dir = c::scratch(&format!("package-choose-{compiler}-{flags}"));
    let script = "include(cmake/targets.cmake)\nweir_default_target(found)\n\
                  message(STATUS \"found=${found}.\")\n";
    let file = dir.join("choose.cmake");
    fs::write(
        &file,
        script.replace("cmake/", &format!("{}/cmake/", root().display())),
    )
    .expect("the test's file");
    let mut command = Command::new("cmake");
    command.arg(format!("-DCMAKE_C_COMPILER={compiler}"));
    command.arg(format!("-DCMAKE_C_FLAGS={flags}"));
    c::run(command.arg("-P").arg(file))
}

/// Every row of the table is what CMake finds for the compiler and the flags of that row.
#[test]
fn archive_fits_the_compiler() {
    if !possible("archive_fits_the_compiler", &["cmake"]) {
        return;
    }
    let is = |compiler: &str, flags: &str, triple: &str| {
        let outcome = chosen(compiler, flags);
        let found = format!("found={triple}.");
        assert!(
            outcome.text.contains(&found),
            "{compiler} {flags}: {}",
            outcome.text
        );
    };
    for archive in c::archives() {
        let target = Target::of(archive).expect("every archive runs somewhere");
        if let Some(why) = target.lacks() {
            c::skip(
                &format!("archive_fits_the_compiler, {}", target.triple()),
                &why,
            );
            continue;
        }
        let compiler = target
            .compiler("c")
            .get_program()
            .to_string_lossy()
            .into_owned();
        is(&compiler, &archive.flags.join(" "), &archive.triple);
    }
    // Other ways to say the same, and what no archive is for.
    if Target::named("cortex-m4f").lacks().is_none() {
        let arm = "arm-none-eabi-gcc";
        is(arm, "-mcpu=cortex-m0plus -mthumb", "thumbv6m-none-eabi");
        is(
            arm,
            "-mcpu=cortex-m7 -mthumb -mfloat-abi=hard -mfpu=fpv5-d16",
            "thumbv7em-none-eabihf",
        );
        is(
            arm,
            "-mcpu=cortex-m55 -mthumb -mfloat-abi=softfp",
            "thumbv8m.main-none-eabi",
        );
        is(
            arm,
            "-mcpu=cortex-m33 -mthumb -mfloat-abi=hard -mfpu=fpv5-sp-d16",
            "",
        );
        is(arm, "-mcpu=cortex-a9", "");
    }
    if Target::rv32().lacks().is_none() {
        let riscv = "riscv64-unknown-elf-gcc";
        let triple = "riscv32imac-unknown-none-elf";
        is(riscv, "-march=rv32imac_zicsr_zifencei -mabi=ilp32", triple);
        is(riscv, "-march=rv32im -mabi=ilp32", "");
        is(riscv, "-march=rv32gc -mabi=ilp32d", "");
    }
    is("gcc", "-m32", "");
    let xtensa = chosen("xtensa-esp32-elf-gcc", "");
    assert!(
        !xtensa.good && xtensa.text.contains("no archive for Xtensa"),
        "{}",
        xtensa.text
    );
}

/// `make dist` without the archives: the folder with the tar file, if all archives are built.
fn dist(name: &str) -> Option<PathBuf> {
    let missing = c::archives()
        .iter()
        .find_map(|archive| Target::of(archive)?.lacks());
    if let Some(why) = missing {
        c::skip(name, &why);
        return None;
    }
    let dir = c::scratch(&format!("package-{name}"));
    succeed(Command::new(root().join("cmake/dist.sh")).arg(dir.join("dist")));
    Some(dir)
}

/// The toolchain file of a project for that machine, as its user would write it.
fn toolchain(target: Target) -> String {
    let mut command = Command::new(root().join("cmake/targets.sh"));
    let row = succeed(command.args(["machine", target.name()]));
    let fields: Vec<_> = row.trim().split(';').collect();
    let compiler = target.compiler("c");
    let words = compiler.get_args().map(|word| word.to_string_lossy());
    // The last two say where this tree has its header.
    let flags: Vec<_> = words.take_while(|word| word != "-I").collect();
    format!(
        "set(CMAKE_SYSTEM_NAME Generic)\nset(CMAKE_SYSTEM_PROCESSOR chip)\n\
         set(CMAKE_C_COMPILER {})\nset(CMAKE_C_FLAGS_INIT \"{} {}\")\n\
         set(CMAKE_CROSSCOMPILING_EMULATOR {})\n",
        compiler.get_program().to_string_lossy(),
        flags.join(" "),
        fields[3],
        fields[4]
    )
}

/// What is handed out, unpacked elsewhere: for this machine, and for chips through a toolchain
/// file, where the program runs in the emulator.
#[test]
fn handed_out_package_links_for_chips() {
    let Some(dir) = dist("handed_out_package_links_for_chips") else {
        return;
    };
    let elsewhere = dir.join("elsewhere");
    fs::create_dir(&elsewhere).expect("a folder");
    let name = format!("weir-{}", version());
    let tar = dir.join(format!("dist/{name}.tar.gz"));
    succeed(
        Command::new("tar")
            .arg("-xzf")
            .arg(&tar)
            .arg("-C")
            .arg(&elsewhere),
    );
    let prefix = elsewhere.join(&name);
    let mut sums = Command::new("sha256sum");
    sums.args(["--check", "--quiet", "--strict", "SHA256SUMS"]);
    succeed(sums.current_dir(&prefix));
    consume(&dir.join("host"), &[&found_in(&prefix)]);
    for machine in ["rv32imac", "cortex-m3"] {
        let target = Target::named(machine);
        let file = dir.join(format!("{machine}.cmake"));
        fs::write(&file, toolchain(target)).expect("a toolchain file");
        let option = format!("-DCMAKE_TOOLCHAIN_FILE={}", file.display());
        let folder = dir.join(machine);
        build(&folder, &[&option, &found_in(&prefix)]);
        let mut ctest = Command::new("ctest");
        let said = succeed(ctest.arg("--verbose").current_dir(&folder));
        assert!(said.contains(&format!("weir {} 1", version())), "{said}");
        assert!(said.contains("100% tests passed"), "{said}");
    }
}

#[test]
fn what_is_handed_out_has_equal_bytes() {
    let Some(dir) = dist("what_is_handed_out_has_equal_bytes") else {
        return;
    };
    let mut again = Command::new(root().join("cmake/dist.sh"));
    // Neither the time nor the mask of whoever makes it may show.
    let again = again.arg(dir.join("again")).env("TZ", "Asia/Tokyo");
    std::thread::sleep(std::time::Duration::from_secs(1));
    succeed(again);
    let name = format!("weir-{}.tar.gz", version());
    let bytes = |folder: &str| fs::read(dir.join(folder).join(&name)).expect("a tar file");
    assert!(bytes("dist") == bytes("again"), "{name} differs");
}
