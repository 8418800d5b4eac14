//! Times of a reconcile on this machine: weir, conjugate gradients, and an established sparse
//! solver, on the same flows in the same run, so that their ratios mean something where times do
//! not. `weir` is the whole C call into the released archive, all checks included; `weir-fast` is
//! the core call of the crate compiled, as the peers are, with opt-level 3. Unit: time of this
//! thread on a processor, because others may be at work on the machine.
#![allow(unsafe_code)]

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BenchmarkGroup, Criterion};
use ffi_tests::bench::fixtures::{Fixture, large};
use ffi_tests::bench::meter::lent;
use ffi_tests::peers::sparse::Question;
use ffi_tests::peers::{Room, cg};
use std::ffi::c_void;
use std::hint::black_box;
use std::ptr::null_mut;
use std::time::Duration;
use weir::abi::complex::{weir_complex_config, weir_complex_report};
use weir::abi::weir_status;

/// Flows that are taken in turn, so that no branch is learnt by heart.
const FLOWS: usize = 5;
/// Largest difference between two answers, in units of 2^-16: weir rounds by less than two.
const APART: f64 = 4.0;

/// Time that this thread had a processor.
struct Cpu(WallTime);

fn processor_time() -> Duration {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the clock exists on Linux and writes the one struct it is given.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut now) };
    assert_eq!(status, 0, "no clock of the thread");
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

impl Measurement for Cpu {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        processor_time()
    }

    fn end(&self, start: Duration) -> Duration {
        processor_time() - start
    }

    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        self.0.formatter()
    }
}

fn real(flow: &[i32]) -> Vec<f64> {
    flow.iter().map(|raw| f64::from(*raw) / 65536.0).collect()
}

/// A peer must answer the same question before it is timed.
fn agrees(what: &str, ours: &[i32], theirs: &[f64]) {
    let off = |(ours, theirs): (&i32, &f64)| (f64::from(*ours) - theirs * 65536.0).abs();
    let far = ours.iter().zip(theirs).map(off).fold(0.0, f64::max);
    assert!(far < APART, "{what} is {far} units off");
}

unsafe extern "C" {
    fn archived_weir_complex_config_default(out: *mut weir_complex_config);
    fn archived_weir_complex_storage_size(config: *const weir_complex_config) -> usize;
    fn archived_weir_complex_init(
        out: *mut *mut c_void,
        storage: *mut u64,
        len: usize,
        config: *const weir_complex_config,
    ) -> weir_status;
    fn archived_weir_complex_add_node(map: *mut c_void, id: u16) -> weir_status;
    fn archived_weir_complex_add_edge(map: *mut c_void, a: u16, b: u16) -> weir_status;
    fn archived_weir_complex_settle(
        map: *mut c_void,
        flow: *const i32,
        out: *mut i32,
        edges: usize,
        report: *mut weir_complex_report,
    ) -> weir_status;
}

/// A complex of the archive, and the storage it lies in.
struct Archived {
    map: *mut c_void,
    _storage: Vec<u64>,
}

impl Archived {
    fn of(of: &Fixture) -> Self {
        let mut config = std::mem::MaybeUninit::uninit();
        let mut map = null_mut();
        // SAFETY: every pointer is to something of ours that outlives the call, with its length.
        unsafe {
            archived_weir_complex_config_default(config.as_mut_ptr());
            let mut config = config.assume_init();
            config.max_nodes = of.nodes;
            config.max_edges = of.edges.len() as u16;
            config.max_triangles = of.triangles.len() as u16;
            config.fill = of.fill;
            let bytes = archived_weir_complex_storage_size(&raw const config);
            let mut storage = vec![0u64; bytes.div_ceil(8)];
            let memory = storage.as_mut_ptr();
            let made = archived_weir_complex_init(&raw mut map, memory, bytes, &raw const config);
            assert_eq!(made, 0, "weir_complex_init");
            for id in 0..of.nodes {
                assert_eq!(
                    archived_weir_complex_add_node(map, id),
                    0,
                    "weir_complex_add_node"
                );
            }
            for (a, b) in &of.edges {
                assert_eq!(
                    archived_weir_complex_add_edge(map, *a, *b),
                    0,
                    "weir_complex_add_edge"
                );
            }
            Self {
                map,
                _storage: storage,
            }
        }
    }

    fn settle(&mut self, flow: &[i32], out: &mut [i32]) {
        let (from, to) = (flow.as_ptr(), out.as_mut_ptr());
        // SAFETY: the storage lives as long as the complex; the arrays have the same length.
        let status =
            unsafe { archived_weir_complex_settle(self.map, from, to, out.len(), null_mut()) };
        assert_eq!(status, 0, "weir_complex_settle");
    }
}

fn weir(group: &mut BenchmarkGroup<'_, Cpu>, of: &Fixture) -> Vec<i32> {
    let flows = of.flows(FLOWS);
    let mut archived = Archived::of(of);
    let mut out = vec![0; of.edges.len()];
    let mut turn = 0;
    group.bench_function("weir", |bench| {
        bench.iter(|| {
            turn = (turn + 1) % FLOWS;
            archived.settle(black_box(&flows[turn]), &mut out);
        });
    });
    let mut lent = lent(of);
    let mut complex = lent.complex();
    group.bench_function("weir-fast", |bench| {
        bench.iter(|| {
            turn = (turn + 1) % FLOWS;
            complex
                .project(black_box(&flows[turn]), &mut out)
                .expect("a projection")
        });
    });
    let mut same = out.clone();
    complex.project(&flows[0], &mut out).expect("a projection");
    archived.settle(&flows[0], &mut same);
    assert!(same == out, "the archive and the crate differ");
    out
}

fn conjugate_gradients(group: &mut BenchmarkGroup<'_, Cpu>, of: &Fixture, ours: &[i32]) {
    let triangles = of.incidence();
    let flows: Vec<Vec<f64>> = of.flows(FLOWS).iter().map(|flow| real(flow)).collect();
    let mut room = Room::new(triangles.len(), of.edges.len());
    let mut out = flows[0].clone();
    cg::project(&triangles, &mut out, &mut room.scratch());
    agrees("conjugate gradients", ours, &out);
    let mut turn = 0;
    group.bench_function("cg", |bench| {
        bench.iter(|| {
            turn = (turn + 1) % FLOWS;
            out.copy_from_slice(black_box(&flows[turn]));
            cg::project(&triangles, &mut out, &mut room.scratch())
        });
    });
}

fn direct(
    group: &mut BenchmarkGroup<'_, Cpu>,
    name: &str,
    question: &Question,
    of: &Fixture,
    ours: Option<&[i32]>,
) {
    let flows: Vec<Vec<f64>> = of.flows(FLOWS).iter().map(|flow| real(flow)).collect();
    let (mut x, mut out) = (vec![0.0; question.unknowns()], vec![0.0; of.edges.len()]);
    let factor = question.factor();
    question.project(&factor, &flows[0], &mut x, &mut out);
    if let Some(ours) = ours {
        agrees(name, ours, &out);
    }
    let mut turn = 0;
    group.bench_function(name, |bench| {
        bench.iter(|| {
            turn = (turn + 1) % FLOWS;
            question.project(&factor, black_box(&flows[turn]), &mut x, &mut out);
        });
    });
    group.bench_function(format!("{name}-factor"), |bench| {
        bench.iter(|| black_box(question).factor());
    });
}

/// weir after a change of topology: one link down and up again, and the factor made.
fn link(group: &mut BenchmarkGroup<'_, Cpu>, of: &Fixture) {
    let mut lent = lent(of);
    let (a, b) = of.edges[of.edges.len() / 2];
    group.bench_function("weir-link", |bench| {
        bench.iter(|| {
            let mut complex = lent.complex();
            complex.remove_edge(a, b).expect("the edge");
            complex.add_edge(a, b).expect("room for the edge");
            complex.settle().expect("room for the factor");
        });
    });
}

fn main() {
    let mut criterion = Criterion::default()
        .with_measurement(Cpu(WallTime))
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(1500))
        .configure_from_args();
    for of in large() {
        let mut group = criterion.benchmark_group(of.name);
        group.sampling_mode(criterion::SamplingMode::Flat);
        let ours = weir(&mut group, &of);
        conjugate_gradients(&mut group, &of, &ours);
        direct(
            &mut group,
            "triangles",
            &Question::by_triangles(&of),
            &of,
            Some(&ours),
        );
        // Another question where there are holes, so its answer is not compared.
        direct(&mut group, "nodes", &Question::by_nodes(&of), &of, None);
        link(&mut group, &of);
        group.finish();
    }
    criterion.final_summary();
}
