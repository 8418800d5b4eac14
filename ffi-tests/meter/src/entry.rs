//! The operations that are counted, each as one C function behind the bracket.
//!
//! Every entry of the core makes the complex ready first and then brackets one call on the carved
//! view; the bracket so includes some ten instructions that load the arguments and store the
//! outcome. Flows and loads are Q16.16. Pointers come from `ffi-tests/c/meter.c` and are as long as
//! the case says.
#![allow(unsafe_code)]

use crate::cg;
use core::slice;
use weir::carve::Arena;
use weir::complex::{Complex, Shape};

/// An operation under the bracket; its argument is a [`Call`] or a [`Peer`].
type Counted = unsafe extern "C" fn(*mut u8) -> u32;

unsafe extern "C" {
    fn meter_bracket(callee: Counted, call: *mut u8) -> u32;
    fn abort() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: abort is the C library's and ends the program with a status that is not zero.
    unsafe { abort() }
}

/// What C lends: storage, a topology, arrays, and the link to change.
#[derive(Debug)]
#[repr(C)]
pub struct Case {
    storage: *mut u64,
    words: usize,
    shape: [u16; 4],
    nodes: u32,
    edges: u32,
    ends: *const [u16; 2],
    flow: *const i32,
    out: *mut i32,
    load: *const i32,
    capacity: *const u16,
    link: [u16; 2],
    /// For the peer: doubles of room, at least four per triangle and two per edge.
    doubles: *mut f64,
    /// For the peer: room for the edges of all triangles.
    incidence: *mut [u16; 3],
    /// What the operation says of itself: passes, or iterations.
    effort: u32,
}

/// One operation, ready to run.
struct Call<'a> {
    complex: Complex<'a>,
    ends: &'a [[u16; 2]],
    flow: &'a [i32],
    out: &'a mut [i32],
    load: &'a [i32],
    capacity: &'a [u16],
    link: [u16; 2],
    effort: u32,
}

impl Call<'_> {
    /// Nodes and edges from nothing.
    fn join(&mut self) -> Option<()> {
        self.complex.reset();
        for id in 0..self.load.len() as u16 {
            self.complex.add_node(id).ok()?;
        }
        for [a, b] in self.ends {
            self.complex.add_edge(*a, *b).ok()?;
        }
        Some(())
    }
}

macro_rules! counted {
    ($($name:ident($call:ident) $body:block)*) => { $(
        unsafe extern "C" fn $name(call: *mut u8) -> u32 {
            // SAFETY: `with` passes the one call it holds.
            let $call = unsafe { &mut *call.cast::<Call<'_>>() };
            let done: Option<()> = $body;
            u32::from(done.is_some())
        }
    )* };
}

counted! {
    build(call) { call.join().and_then(|()| call.complex.settle().ok()) }
    settle(call) { call.complex.settle().ok() }
    project(call) {
        call.complex.project(call.flow, call.out).ok().map(|report| {
            call.effort = u32::from(report.passes);
        })
    }
    down(call) {
        let [a, b] = call.link;
        call.complex.remove_edge(a, b).ok().and_then(|()| call.complex.settle().ok())
    }
    up(call) {
        let [a, b] = call.link;
        call.complex.add_edge(a, b).ok().and_then(|()| call.complex.settle().ok())
    }
    plan(call) {
        call.complex.plan(call.load, call.capacity, call.out).ok().map(|report| {
            call.effort = u32::from(report.passes);
        })
    }
}

fn shape([nodes, edges, triangles, fill]: [u16; 4]) -> Shape {
    Shape {
        nodes,
        edges,
        triangles,
        fill,
    }
}

/// Words of storage for a shape.
///
/// # Safety
/// `capacities` points to four numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meter_words(capacities: *const [u16; 4]) -> usize {
    // SAFETY: as promised.
    Complex::words(shape(unsafe { *capacities })).unwrap_or(usize::MAX)
}

/// # Safety
/// `case` and all it points to are as long as it says.
unsafe fn with(case: *mut Case, ready: fn(&mut Call<'_>) -> Option<()>, counted: Counted) -> u32 {
    // SAFETY: as promised; the arrays do not overlap.
    unsafe {
        let (nodes, edges) = ((*case).nodes as usize, (*case).edges as usize);
        let storage = slice::from_raw_parts_mut((*case).storage, (*case).words);
        let Some(complex) = Complex::carve(&mut Arena::new(storage), shape((*case).shape)) else {
            return 0;
        };
        let mut call = Call {
            complex,
            ends: slice::from_raw_parts((*case).ends, edges),
            flow: slice::from_raw_parts((*case).flow, edges),
            out: slice::from_raw_parts_mut((*case).out, edges),
            load: slice::from_raw_parts((*case).load, nodes),
            capacity: slice::from_raw_parts((*case).capacity, nodes),
            link: (*case).link,
            effort: 0,
        };
        if ready(&mut call).is_none() {
            return 0;
        }
        let done = meter_bracket(counted, (&raw mut call).cast());
        (*case).effort = call.effort;
        done
    }
}

macro_rules! entries {
    ($($(#[$doc:meta])* $name:ident: $ready:expr, $counted:ident;)*) => { $(
        $(#[$doc])*
        ///
        /// # Safety
        /// `case` and all it points to are as long as it says.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(case: *mut Case) -> u32 {
            // SAFETY: as promised.
            unsafe { with(case, $ready, $counted) }
        }
    )* };
}

entries! {
    /// Counts nodes, edges, triangles and factor from nothing.
    meter_build: |_| Some(()), build;
    /// Counts what follows from a topology that is new: blocks, cocycles, factor.
    meter_settle: |call| call.join(), settle;
    /// Counts a reconcile on the settled complex.
    meter_project: |call| call.complex.settle().ok(), project;
    /// Counts the loss of one link, up to being settled again.
    meter_down: |call| call.complex.settle().ok(), down;
    /// Counts one link more, up to being settled again.
    meter_up: |call| call.complex.settle().ok(), up;
    /// Counts a balancing plan after a projection: its factor is made first.
    meter_plan_first: |call| call.complex.project(call.flow, call.out).ok().map(|_| ()), plan;
    /// Counts a balancing plan whose factor is there.
    meter_plan: |call| call.complex.plan(call.load, call.capacity, call.out).ok().map(|_| ()), plan;
}

/// The peer, ready to run.
struct Peer<'a> {
    triangles: &'a [[u16; 3]],
    flow: &'a mut [f64],
    work: cg::Scratch<'a>,
    iterations: u32,
}

unsafe extern "C" fn peer(call: *mut u8) -> u32 {
    // SAFETY: `meter_cg` passes its own peer.
    let peer = unsafe { &mut *call.cast::<Peer<'_>>() };
    peer.iterations = cg::project(peer.triangles, peer.flow, &mut peer.work);
    1
}

/// Counts conjugate gradients in soft float on the same complex and flow.
///
/// # Safety
/// `case` and all it points to are as long as it says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meter_cg(case: *mut Case) -> u32 {
    // SAFETY: as promised; the doubles are four per triangle and two per edge.
    unsafe {
        let storage = slice::from_raw_parts_mut((*case).storage, (*case).words);
        let Some(complex) = Complex::carve(&mut Arena::new(storage), shape((*case).shape)) else {
            return 0;
        };
        let (edges, count) = ((*case).edges as usize, complex.triangles().len());
        let triangles = slice::from_raw_parts_mut((*case).incidence, count);
        for (row, triangle) in triangles.iter_mut().zip(complex.triangles()) {
            *row = triangle.edges();
        }
        let doubles = slice::from_raw_parts_mut((*case).doubles, 4 * count + 2 * edges);
        let (flow, rest) = doubles.split_at_mut(edges);
        for (real, raw) in flow
            .iter_mut()
            .zip(slice::from_raw_parts((*case).flow, edges))
        {
            *real = f64::from(*raw) / 65536.0;
        }
        let (edge, rest) = rest.split_at_mut(edges);
        let (x, rest) = rest.split_at_mut(count);
        let (r, rest) = rest.split_at_mut(count);
        let (p, q) = rest.split_at_mut(count);
        let work = cg::Scratch { x, r, p, q, edge };
        let mut ready = Peer {
            triangles,
            flow,
            work,
            iterations: 0,
        };
        let done = meter_bracket(peer, (&raw mut ready).cast());
        (*case).effort = ready.iterations;
        done
    }
}
