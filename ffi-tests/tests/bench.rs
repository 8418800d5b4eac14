//! The table of benchmarks: its page is made from it, its exact figures are still true, and the
//! peers are the methods they are called. Nothing here is timed.

use ffi_tests::bench::{fixtures, meter, rows, table};
use ffi_tests::c::{say, skip};
use ffi_tests::evidence;
use ffi_tests::header::read;
use ffi_tests::peers::network::Network;
use ffi_tests::peers::{self, Course, Room, cg, diffusion, gossip};
use serde_json::Value;

/// How far a count may be from the committed one, with the same compiler.
const DRIFT: f64 = 0.02;

fn committed() -> Value {
    serde_json::from_str(&read("docs/benchmarks.json")).expect("docs/benchmarks.json")
}

#[test]
fn page_is_what_the_file_renders_to() {
    assert!(
        table::page(&committed()) == read("docs/benchmarks.md"),
        "docs/benchmarks.md is not what docs/benchmarks.json renders to: make bench ARGS=exact"
    );
}

/// What is wrong with a committed row, given what is counted now.
fn drift(row: &Value, now: &[table::Row]) -> Option<String> {
    let name = row["name"].as_str().unwrap_or("");
    let same = |found: &&table::Row| found.name == name && found.group == row["group"];
    let Some(found) = now.iter().find(same) else {
        return Some(format!("{name}: nothing counts this any more"));
    };
    let now = found.json();
    ["/weir", "/beat", "/cortex_m3/weir", "/cortex_m3/beat"]
        .into_iter()
        .find_map(|key| {
            let figure = |of: &Value| of.pointer(key).and_then(Value::as_f64);
            let (then, now) = (figure(row), figure(&now));
            let near = match (then, now) {
                (Some(then), Some(now)) => (now - then).abs() <= DRIFT * then.abs(),
                (then, now) => then == now,
            };
            (!near).then(|| format!("{name}: {key} was {then:?}, is {now:?}"))
        })
}

#[test]
fn instructions_are_still_what_the_table_says() {
    let what = "instruction counts on RV32IMAC and Cortex-M3";
    if let Some(why) = meter::lacks() {
        return skip(what, &why);
    }
    let small = fixtures::small();
    let now = rows::counted_on_both(&small);
    let counted = |row: &&table::Row| row.machine == rows::RV32;
    let both = |row: &&table::Row| counted(row) && !row.cortex_m3.is_null();
    evidence::PROMISES.figure(
        "rows of benchmarks counted on RV32IMAC and on Cortex-M3",
        now.iter().filter(both).count(),
        "rows",
        "==",
        now.iter().filter(counted).count(),
        "cargo test -p ffi-tests --test bench instructions",
    );
    let file = committed();
    let then = file["rows"].as_array().expect("rows");
    let counted = then.iter().filter(|row| row["machine"] == rows::RV32);
    let faults: Vec<String> = counted.filter_map(|row| drift(row, &now)).collect();
    let (old, new) = (file["toolchain"].as_str().unwrap_or(""), meter::toolchain());
    if old == new {
        assert!(
            faults.is_empty(),
            "make bench ARGS=exact:\n{}",
            faults.join("\n")
        );
    } else {
        say(&format!(
            "{what}: recorded with {old}, this is {new}: {} differ",
            faults.len()
        ));
        faults.iter().for_each(|fault| println!("{fault}"));
    }
}

#[test]
fn drift_is_found() {
    let row = |weir: u32| {
        let name = "reconcile".to_string();
        table::Row::new("Reconcile", name, rows::RV32, "instructions").weir(weir)
    };
    assert_eq!(drift(&row(1000).json(), &[row(1020)]), None);
    assert!(drift(&row(1000).json(), &[row(1021)]).is_some_and(|why| why.contains("1021")));
    assert!(drift(&row(1000).json(), &[]).is_some_and(|why| why.contains("nothing counts")));
    let beside = |weir: u32| {
        let mut row = row(1000);
        row.cortex_m3 = serde_json::json!({ "weir": weir, "beat": 9000 });
        row
    };
    assert_eq!(drift(&beside(500).json(), &[beside(490)]), None);
    let off = drift(&beside(500).json(), &[beside(489)]);
    assert!(off.is_some_and(|why| why.contains("cortex_m3") && why.contains("489")));
    assert!(drift(&beside(500).json(), &[row(1000)]).is_some());
}

#[test]
fn missed_target_is_bold_and_ratio_is_theirs_over_ours() {
    let row = table::Row::new("G", "n".into(), "m", "u")
        .weir(2000)
        .beat(3000, "peer");
    let page = |row: table::Row| {
        let file = table::file("t", "h", &[row.json()]);
        table::page(&serde_json::from_str(&file).expect("a file"))
    };
    let met = page(row.clone().target("<=", 2000));
    assert!(
        met.contains("| n | 2,000 | - | <= 2,000 | 3,000 | 1.50 | peer |"),
        "{met}"
    );
    let mut two = row.clone();
    two.cortex_m3 = serde_json::json!({ "weir": 1700, "beat": null });
    let two = page(two);
    assert!(
        two.contains("| n | 2,000 | - | - | 3,000 | 1.50 | 1,700 | - | peer |"),
        "{two}"
    );
    assert!(page(row.target("<=", 1999)).contains("| **<= 1,999** |"));
}

/// Iterations for each of the flows that are counted, ascending; the answers are weir's.
fn conjugate_gradients(of: &fixtures::Fixture) -> Vec<u32> {
    let triangles = of.incidence();
    let mut room = Room::new(triangles.len(), of.edges.len());
    let (mut lent, mut out) = (meter::lent(of), vec![0; of.edges.len()]);
    let mut all: Vec<u32> = of
        .flows(fixtures::FLOWS)
        .iter()
        .map(|flow| {
            let mut real: Vec<f64> = flow.iter().map(|raw| f64::from(*raw) / 65536.0).collect();
            let iterations = cg::project(&triangles, &mut real, &mut room.scratch());
            lent.complex()
                .project(flow, &mut out)
                .expect("a projection");
            let off = |(a, b): (&i32, &f64)| (f64::from(*a) - b * 65536.0).abs();
            let far = out.iter().zip(&real).map(off).fold(0.0, f64::max);
            assert!(far < 2.0, "{}: {far} units apart", of.name);
            iterations
        })
        .collect();
    all.sort_unstable();
    all
}

#[test]
fn conjugate_gradients_take_the_iterations_they_are_known_for() {
    for of in fixtures::small() {
        let all = conjugate_gradients(&of);
        if let Some((_, known)) = rows::ITERATIONS.iter().find(|(name, _)| *name == of.name) {
            assert_eq!(all[all.len() / 2], *known, "{}: {all:?}", of.name);
        }
    }
}

/// Rounds of first order at its best, second order, Chebyshev with exact and with safe bounds.
fn rounds(of: &fixtures::Fixture) -> [u32; 4] {
    let network = Network::new(of.nodes, &of.edges);
    let load = peers::spike(network.nodes);
    let (bounds, safe) = (network.bounds(), network.safe_bounds());
    let width = diffusion::optimal_width(bounds);
    let steps = |run: Option<Course>| run.expect("it ends").steps;
    [
        steps(diffusion::first_order(&network, &load, width)),
        steps(diffusion::second_order(&network, &load, bounds)),
        steps(diffusion::chebyshev(&network, &load, bounds)),
        steps(diffusion::chebyshev(&network, &load, safe)),
    ]
}

#[test]
fn diffusion_takes_the_rounds_it_is_known_for() {
    assert_eq!(rounds(&fixtures::bowtie()), [66, 22, 20, 24]);
    assert_eq!(rounds(&fixtures::ring("ring", 64)), [1612, 105, 108, 122]);
    assert_eq!(rounds(&fixtures::lattice("lattice", 8)), [203, 37, 36, 40]);
}

#[test]
fn fixture_costs_what_it_is_known_for() {
    let of = fixtures::bowtie();
    let network = Network::new(of.nodes, &of.edges);
    let load = peers::spike(network.nodes);
    let first = diffusion::first_order(&network, &load, diffusion::local_width(&network));
    let first = first.expect("it ends");
    assert_eq!((first.steps, first.bytes), (124, 15_872));
    let gossip = gossip::median(&network, &load, 400);
    // Known is 424 for another stream of random numbers.
    assert!((410..=440).contains(&gossip.steps), "{}", gossip.steps);
    assert_eq!(gossip.bytes, 16 * u64::from(gossip.steps));
    for run in [&first, &gossip] {
        let (before, after) = (load.iter().sum::<f64>(), run.load.iter().sum::<f64>());
        assert!(
            (before - after).abs() < 1e-9,
            "load is lost: {before} {after}"
        );
    }
}

/// The predecessor's step width of one half diverges on its own fixture, and its test for
/// convergence took the NaN for level.
#[test]
fn what_diverges_is_not_level() {
    let of = fixtures::bowtie();
    let network = Network::new(of.nodes, &of.edges);
    let load = peers::spike(network.nodes);
    assert_eq!(diffusion::first_order(&network, &load, 0.5), None);
    assert!(peers::imbalance(&[1.0, f64::NAN]).is_nan());
}
