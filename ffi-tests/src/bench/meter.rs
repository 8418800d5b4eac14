//! Builds and runs `ffi-tests/c/meter.c` on an emulated chip and reads its samples.
//!
//! Unit: instructions of one call, its return included; not cycles. The program proves
//! its counter before anything else, and here the result of every call is compared with what this
//! machine computes, so that a figure is a figure of the right answer.

use super::fixtures::{FLOWS, Fixture, LOADS, header};
use crate::c::{Target, scratch};
use crate::header::root;
use crate::oracle::lent::Lent;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use weir::complex::Shape;

/// What was counted, by name of the network and of the operation, in the order of the samples.
pub type Counts = BTreeMap<(String, String), Vec<Sample>>;

/// One call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Instructions.
    pub instructions: u32,
    /// Passes through the factor, or iterations of the peer; 0 where nothing is told.
    pub effort: u32,
    /// Digest of the result.
    pub digest: u32,
}

/// A chip that instructions are counted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chip {
    /// By its own counter, `minstret`.
    Rv32imac,
    /// By a timer, while the emulator's clock goes on by 1,024 ns with each instruction.
    CortexM3,
}

impl Chip {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Rv32imac, Self::CortexM3];

    fn target(self) -> Target {
        match self {
            Self::Rv32imac => Target::rv32(),
            Self::CortexM3 => Target::named("cortex-m3"),
        }
    }

    /// The emulator's clock, where it is not that of every other program.
    fn clock(self) -> &'static [&'static str] {
        match self {
            Self::Rv32imac => &[],
            Self::CortexM3 => &["-icount", "shift=10"],
        }
    }

    fn built(self, file: &str) -> PathBuf {
        root().join(format!("dist/meter/{}/{file}", self.target().triple()))
    }
}

/// Why nothing can be counted here, if so.
#[must_use]
pub fn lacks() -> Option<String> {
    Chip::ALL.into_iter().find_map(|chip| {
        let library = chip.built("libmeter.a");
        let lacks =
            (!library.exists()).then(|| format!("no {}: cmake/build-meter.sh", library.display()));
        chip.target().lacks().or(lacks)
    })
}

/// The compiler that made what is counted.
#[must_use]
pub fn toolchain() -> String {
    let all = Chip::ALL.map(|chip| {
        let path = chip.built("libmeter.toolchain.txt");
        let text = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{path:?}: {why}"));
        text.trim().to_string()
    });
    assert_eq!(all[0], all[1], "two compilers: cmake/build-meter.sh");
    all[0].clone()
}

/// Runs the meter over `fixtures`; panics if it does not count exactly or a call went wrong.
#[must_use]
pub fn run(chip: Chip, fixtures: &[Fixture]) -> Counts {
    let target = chip.target();
    let dir = scratch(&format!("meter-{}", target.name()));
    fs::write(dir.join("fixtures.h"), header(fixtures)).expect("fixtures.h");
    let (program, include) = (dir.join("meter"), dir.to_string_lossy().into_owned());
    let library = chip.built("libmeter.a").to_string_lossy().into_owned();
    // Casts between function types are what the bracket is made of. The flags stand before the
    // source, so the library is told what will be asked of it; it has one member.
    let wanted = "-Wl,--undefined=meter_bracket";
    let flags = ["-Wno-cast-function-type", "-I", &include, wanted, &library];
    let built = target.build("ffi-tests/c/meter.c", &flags, &program);
    built.unwrap_or_else(|why| panic!("meter.c: {why}"));
    let outcome = target.run_with(&program, chip.clock());
    assert!(outcome.good, "the meter stopped:\n{}", outcome.text);
    assert!(
        outcome.text.starts_with("meter exact\n"),
        "{}",
        outcome.text
    );
    let counts = parse(&outcome.text);
    fixtures.iter().for_each(|of| same_results(of, &counts));
    counts
}

fn parse(text: &str) -> Counts {
    let mut counts = Counts::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        if let ["sample", of, what, _, instructions, effort, digest] = words[..] {
            let number = |text: &str, radix| u32::from_str_radix(text, radix).expect("a number");
            let sample = Sample {
                instructions: number(instructions, 10),
                effort: number(effort, 10),
                digest: number(digest, 16),
            };
            let key = (of.to_string(), what.to_string());
            counts.entry(key).or_default().push(sample);
        }
    }
    counts
}

/// The samples of one operation; panics if it was not counted.
#[must_use]
pub fn samples<'a>(counts: &'a Counts, of: &str, what: &str) -> &'a [Sample] {
    let found = counts.get(&(of.to_string(), what.to_string()));
    found.unwrap_or_else(|| panic!("{of} {what} was not counted"))
}

/// Least, middle and most of the instructions.
#[must_use]
pub fn spread(samples: &[Sample]) -> [u32; 3] {
    let mut all: Vec<u32> = samples.iter().map(|sample| sample.instructions).collect();
    all.sort_unstable();
    [all[0], all[all.len() / 2], all[all.len() - 1]]
}

/// As `digest` in meter.c.
fn digest(result: &[i32]) -> u32 {
    let bytes = result.iter().flat_map(|value| value.to_le_bytes());
    bytes.fold(2_166_136_261, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(16_777_619)
    })
}

/// A complex with room for exactly this network.
#[must_use]
pub fn lent(of: &Fixture) -> Lent {
    let mut lent = Lent::new(Shape {
        nodes: of.nodes,
        edges: of.edges.len() as u16,
        triangles: of.triangles.len() as u16,
        fill: of.fill,
    });
    let mut complex = lent.complex();
    (0..of.nodes).for_each(|id| complex.add_node(id).expect("room for a node"));
    let mut add = |(a, b): &(u16, u16)| complex.add_edge(*a, *b).expect("room for an edge");
    of.edges.iter().for_each(&mut add);
    complex.settle().expect("room for the factor");
    lent
}

/// The emulated chip and this machine have equal bits.
fn same_results(of: &Fixture, counts: &Counts) {
    let mut lent = lent(of);
    let mut out = vec![0; of.edges.len()];
    for (number, flow) in of.flows(FLOWS).iter().enumerate() {
        lent.complex()
            .project(flow, &mut out)
            .expect("a projection");
        for what in ["core.project", "c.settle"] {
            let there = samples(counts, of.name, what)[number].digest;
            assert_eq!(there, digest(&out), "{} {what} {number}", of.name);
        }
    }
    let capacity = vec![1; usize::from(of.nodes)];
    for (number, load) in of.loads(LOADS).iter().enumerate() {
        lent.complex()
            .plan(load, &capacity, &mut out)
            .expect("a plan");
        for what in ["core.plan", "core.plan_first", "c.plan", "c.plan_first"] {
            let there = samples(counts, of.name, what)[number].digest;
            assert_eq!(there, digest(&out), "{} {what} {number}", of.name);
        }
    }
}
