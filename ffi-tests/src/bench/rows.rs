//! The exact rows of the table: instructions on two chips, and the iterations, rounds and bytes of
//! the peers. Every one of them is the same on every machine with the same compiler.

use super::fixtures::{self, Fixture};
use super::meter::{self, Chip, Counts, Sample, samples, spread};
use super::table::Row;
use crate::peers::network::Network;
use crate::peers::{self, Course, diffusion, gossip};
use serde_json::{Value, json};

/// What instructions are counted on.
pub const RV32: &str = "rv32imac, qemu -icount";
/// What rows that follow from arithmetic alone are counted on.
pub const ANY: &str = "any";

/// What a figure of another chip and another day is called.
const PROTOTYPED: &str = "an untuned prototype, on a network of this size";

/// Instructions a reconcile may take.
const RECONCILE: [(&str, u32); 4] = [
    ("triangle", 250),
    ("bowtie+tail", 3_000),
    ("grid-8x8", 90_000),
    ("geometric-64", 100_000),
];
/// Iterations that conjugate gradients must take, or the peer is not the one that was promised.
pub const ITERATIONS: [(&str, u32); 4] = [
    ("triangle", 1),
    ("bowtie+tail", 1),
    ("grid-8x8", 48),
    ("geometric-64", 38),
];
/// What an untuned prototype of the same algorithm took for blocks, cocycles and factor of networks
/// of these sizes, on the same emulated chip.
const PROTOTYPE: [(&str, u32); 8] = [
    ("triangle", 34_000),
    ("bowtie+tail", 62_000),
    ("K8", 76_000),
    ("K16", 380_000),
    ("grid-6x6", 183_000),
    ("grid-8x8", 418_000),
    ("geometric-32", 213_000),
    ("geometric-64", 511_000),
];
/// Seeds of gossip on the seven nodes of the fixture, and on larger networks.
const SEEDS: (u64, u64) = (400, 41);

/// `name (nodes, edges, triangles)`.
#[must_use]
pub fn sizes(of: &Fixture) -> String {
    let (edges, triangles) = (of.edges.len(), of.triangles.len());
    format!("{} ({}, {edges}, {triangles})", of.name, of.nodes)
}

fn counted(group: &str, name: String, all: &[Sample]) -> Row {
    let [least, median, most] = spread(all);
    let mut row = Row::new(group, name, RV32, "instructions").weir(median);
    if least != most {
        row.range = Some((least.into(), most.into()));
    }
    row
}

/// The middle one of the iterations.
#[must_use]
pub fn iterations(counts: &Counts, of: &str) -> u32 {
    let mut all: Vec<u32> = samples(counts, of, "peer.cg")
        .iter()
        .map(|s| s.effort)
        .collect();
    all.sort_unstable();
    all[all.len() / 2]
}

fn reconcile(counts: &Counts, of: &Fixture) -> Vec<Row> {
    let [_, peer, _] = spread(samples(counts, of.name, "peer.cg"));
    let source = format!(
        "conjugate gradients in soft-float f64, {} iterations, same run",
        iterations(counts, of.name)
    );
    let row = |what: &str, name: String| {
        counted("Reconcile", name, samples(counts, of.name, what)).beat(peer, &source)
    };
    let mut core = row("core.project", format!("reconcile {}", sizes(of)));
    if let Some((_, most)) = RECONCILE.iter().find(|(name, _)| *name == of.name) {
        core = core.target("<=", *most);
    }
    let call = format!("weir_complex_settle on {}, all checks included", of.name);
    vec![core.must(), row("c.settle", call)]
}

fn topology(counts: &Counts, of: &Fixture) -> Vec<Row> {
    let (group, plain) = ("Change of topology", of.name);
    let row = |what: &str, name: &str| {
        counted(
            group,
            format!("{plain}: {name}"),
            samples(counts, plain, what),
        )
    };
    let full = row(
        "core.build",
        "nodes, edges, triangles and factor from nothing",
    );
    let mut factor = row("core.settle", "factor of a new topology");
    if let Some((_, prototype)) = PROTOTYPE.iter().find(|(name, _)| *name == plain) {
        factor = factor.beat(*prototype, PROTOTYPED);
    }
    let mut links = vec![];
    if plain.starts_with("geometric-64") {
        let source = format!(
            "the same network from nothing; its factor alone: {}",
            factor.weir
        );
        for (what, name) in [("core.down", "one link down"), ("core.up", "one link up")] {
            let row = row(what, &format!("{name}, settled again"));
            links.push(row.beat(full.weir.clone(), &source).must());
        }
    }
    [full.must(), factor.must()]
        .into_iter()
        .chain(links)
        .collect()
}

fn plan(counts: &Counts, of: &Fixture) -> Vec<Row> {
    let row = |what: &str, name: String| counted("Plan", name, samples(counts, of.name, what));
    vec![
        row("core.plan", format!("plan on {}, factor at hand", of.name)).must(),
        row(
            "core.plan_first",
            format!("plan on {} after a reconcile", of.name),
        ),
        row(
            "c.plan",
            format!("weir_complex_plan on {}, all checks included", of.name),
        ),
    ]
}

fn numbers(counts: &Counts) -> Vec<Row> {
    let all = counts.iter().filter(|((of, _), _)| of == "number");
    let names: Vec<&str> = all.map(|((_, what), _)| what.as_str()).collect();
    let soft = names.iter().filter_map(|what| what.strip_prefix("soft."));
    soft.map(|name| {
        let [_, peer, _] = spread(samples(counts, "number", &format!("soft.{name}")));
        let ours = format!("weir.{name}");
        let row = if names.contains(&ours.as_str()) {
            counted("Numbers", name.into(), samples(counts, "number", &ours)).must()
        } else {
            Row::new("Numbers", name.into(), RV32, "instructions")
        };
        let row = row.beat(peer, "crate libm in soft-float f64, same run");
        match name {
            "ln" => row.target("<=", 140),
            "exp" => row.target("<=", 145),
            _ => row,
        }
    })
    .collect()
}

fn peer_iterations(counts: &Counts, of: &Fixture) -> Row {
    let name = format!("conjugate gradients on {}", sizes(of));
    let row = Row::new("Iterations of the peer", name, ANY, "iterations");
    let found = iterations(counts, of.name);
    let row = row.beat(found, "our implementation, residual below 1e-8");
    match ITERATIONS.iter().find(|(name, _)| *name == of.name) {
        Some((_, wanted)) => row.target("==", *wanted).must(),
        None => row,
    }
}

/// Counts everything on both chips: the rows of RV32IMAC, each with its figures on Cortex-M3.
#[must_use]
pub fn counted_on_both(fixtures: &[Fixture]) -> Vec<Row> {
    let [first, second] = Chip::ALL.map(|chip| instructions(&meter::run(chip, fixtures), fixtures));
    assert_eq!(first.len(), second.len(), "rows of the two chips");
    first.into_iter().zip(&second).map(beside).collect()
}

/// One row of the two; what follows from arithmetic alone is one figure.
fn beside((mut row, other): (Row, &Row)) -> Row {
    assert_eq!(row.name, other.name, "rows of the two chips");
    if row.machine == ANY {
        assert_eq!(row, *other, "not the same on both chips");
        return row;
    }
    let beat = if row.source == PROTOTYPED {
        &Value::Null
    } else {
        &other.beat
    };
    row.cortex_m3 = json!({ "weir": other.weir, "beat": beat });
    if let Some((least, most)) = &other.range {
        row.cortex_m3["range"] = json!([least, most]);
    }
    row
}

/// Everything that was counted on an emulated chip.
#[must_use]
pub fn instructions(counts: &Counts, fixtures: &[Fixture]) -> Vec<Row> {
    let each = |rows: fn(&Counts, &Fixture) -> Vec<Row>| {
        fixtures.iter().flat_map(move |of| rows(counts, of))
    };
    let balanced = |of: &&Fixture| ["bowtie+tail", "grid-8x8"].contains(&of.name);
    each(reconcile)
        .chain(each(topology))
        .chain(
            fixtures
                .iter()
                .filter(balanced)
                .flat_map(|of| plan(counts, of)),
        )
        .chain(numbers(counts))
        .chain(fixtures.iter().map(|of| peer_iterations(counts, of)))
        .collect()
}

/// A network to balance, and its loads.
type Case = (Fixture, &'static str, Vec<f64>);

/// The networks that balancing is compared on, each with its load.
#[must_use]
pub fn balancing_cases() -> Vec<Case> {
    let all = [
        fixtures::bowtie(),
        fixtures::ring("ring-64", 64),
        fixtures::lattice("lattice-8x8", 8),
        fixtures::geometric_100(),
    ];
    let mut cases = vec![];
    for of in all {
        let nodes = usize::from(of.nodes);
        cases.push((of.clone(), "spike", peers::spike(nodes)));
        cases.push((of, "all random", peers::scattered(nodes, 1)));
    }
    cases
}

/// What each method takes for one case, by name.
#[must_use]
pub fn balance((of, _, load): &Case) -> Vec<(&'static str, Course)> {
    let network = Network::new(of.nodes, &of.edges);
    let (bounds, safe) = (network.bounds(), network.safe_bounds());
    let first = |width| diffusion::first_order(&network, load, width);
    let seeds = if network.nodes < 10 { SEEDS.0 } else { SEEDS.1 };
    let runs = [
        (
            "first order, local width",
            first(diffusion::local_width(&network)),
        ),
        (
            "first order, optimal",
            first(diffusion::optimal_width(bounds)),
        ),
        (
            "second order, optimal",
            diffusion::second_order(&network, load, bounds),
        ),
        (
            "Chebyshev, exact bounds",
            diffusion::chebyshev(&network, load, bounds),
        ),
        (
            "Chebyshev, safe bounds",
            diffusion::chebyshev(&network, load, safe),
        ),
        (
            "pairwise gossip, median",
            Some(gossip::median(&network, load, seeds)),
        ),
    ];
    runs.into_iter()
        .map(|(name, run)| {
            (
                name,
                run.unwrap_or_else(|| panic!("{name} never ends on {}", of.name)),
            )
        })
        .collect()
}

/// Steps and bytes of the balancing peers.
#[must_use]
pub fn balancing() -> Vec<Row> {
    let mut rows = vec![];
    for case in balancing_cases() {
        for (method, run) in balance(&case) {
            let unit = if method.contains("gossip") {
                "exchanges"
            } else {
                "rounds"
            };
            let (of, load) = (sizes(&case.0), case.1);
            let source = format!("{} bytes in {} messages", run.bytes, run.messages);
            let name = format!("{of}, {load}: {method}");
            let row = Row::new("Balancing peers", name, ANY, unit).beat(run.steps, &source);
            rows.push(if load == "spike" { row.must() } else { row });
        }
    }
    rows
}
