//! For `make bench` only: links the benchmarks with the released archive beside the crate itself,
//! so that what is timed is what a gateway links. Its names get the prefix `archived_`, because the
//! crate has the same ones.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_FEATURE_BENCH").is_err() {
        return;
    }
    let triple = env::var("TARGET").expect("cargo names the target");
    let root = Path::new("..");
    let archive = root.join("dist/lib").join(&triple).join("libweir.a");
    let symbols = root.join("docs/abi/symbols.txt");
    println!("cargo::rerun-if-changed={}", archive.display());
    println!("cargo::rerun-if-changed={}", symbols.display());
    assert!(archive.exists(), "no archive: make archive TARGET={triple}");
    let out = env::var("OUT_DIR").expect("cargo names a folder");
    let (names, renamed) = (format!("{out}/names"), format!("{out}/libarchived.a"));
    let mut list = String::new();
    for line in fs::read_to_string(&symbols)
        .expect("the exported names")
        .lines()
    {
        let name = line.split('#').next().unwrap_or("").trim();
        if !name.is_empty() {
            let _ = writeln!(list, "{name} archived_{name}");
        }
    }
    fs::write(&names, list).expect("a list of names");
    let mut rename = Command::new("objcopy");
    rename
        .arg(format!("--redefine-syms={names}"))
        .arg(&archive)
        .arg(&renamed);
    assert!(
        rename.status().is_ok_and(|status| status.success()),
        "objcopy failed"
    );
    println!("cargo::rustc-link-arg-benches={renamed}");
}
