//! Levelling load with neighbours only: steps of one node, and what each way costs.
//!
//! The functions on a `weir_complex` read its topology and leave it as it was; the others are pure
//! functions of their arguments and need no handle.

use super::border;
use super::complex::{code, weir_complex, with};
use super::*;
use crate::complex::cost::{self, Cost, METHODS, Method, Sizes};
use crate::complex::diffusion::{Channel, Ends};
use crate::complex::forest::{Forest, Seat};
use crate::complex::spectrum::Pace;
use crate::complex::sweep::{self, Down, Up};

/// Way of levelling: changed loads flood all edges, every node computes the plan.
pub const WEIR_BALANCE_FLOOD: u32 = 0;
/// Way of levelling: changed loads travel along the forest, every node computes the plan.
pub const WEIR_BALANCE_PLAN: u32 = 1;
/// Way of levelling: subtotals up the forest, totals down.
pub const WEIR_BALANCE_SWEEP: u32 = 2;
/// Way of levelling: second-order diffusion between neighbours.
pub const WEIR_BALANCE_DIFFUSION: u32 = 3;
/// Number of ways of levelling.
pub const WEIR_BALANCE_WAYS: usize = 4;

/// Where a node stands in the forest.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_seat {
    /// Number of the edge to the parent, WEIR_NONE at a root.
    pub parent: u16,
    /// Edges to the root.
    pub depth: u16,
    /// Place of the root among the nodes.
    pub root: u16,
    /// Least distance of the farthest node; exact at a root.
    pub reach: u16,
}

/// How large a forest is. Set `size` before the call.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_forest {
    /// Size of this struct as the caller was compiled.
    pub size: u32,
    /// Edges of all trees.
    pub branches: u16,
    /// Edges that are up and have an open end.
    pub links: u16,
    /// Depth of the deepest tree.
    pub depth: u16,
    /// Largest distance that was met: the diameter, or a little less.
    pub width: u16,
}

/// Parameters of diffusion. Set `size` before the call.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_pace {
    /// Size of this struct as the caller was compiled.
    pub size: u32,
    /// Share of a difference that the first step moves, Q30.
    pub first: i32,
    /// Share of a difference that later steps move, Q30.
    pub gain: i32,
    /// Share of the last flow that is moved again, Q30.
    pub momentum: i32,
    /// What is left of an imbalance after a step in the long run, Q30.
    pub factor: i32,
    /// The largest capacity.
    pub capacity: u16,
    /// Zero.
    pub reserved: u16,
}

/// What a branch tells its parent.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_sweep_up {
    /// The round it belongs to; 0 is none.
    pub turn: u32,
    /// Capacity of the branch.
    pub capacity: u32,
    /// Load of the branch.
    pub load: i64,
}

/// What a parent tells a branch.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_sweep_down {
    /// The round it belongs to; 0 is none.
    pub turn: u32,
    /// Capacity of the component.
    pub capacity: u32,
    /// Capacity before this branch in the order of the tree.
    pub before: u32,
    /// Zero.
    pub reserved: u32,
    /// Load of the component.
    pub total: i64,
}

/// What both ends of an edge remember of diffusion. All zero before the first round, and after the
/// edge was down.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_channel {
    /// The last flow, in units of 2^-12.
    pub last: i64,
    /// What rounding left, in the same unit.
    pub rest: i32,
    /// 1 after the first round.
    pub begun: u32,
}

/// The two ends of an edge, the one with the smaller id first.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_ends {
    /// Loads.
    pub load: [i32; 2],
    /// Capacities.
    pub capacity: [u16; 2],
}

/// Bytes of what a firmware sends to level.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_sizes {
    /// A changed load with its node and version.
    pub entry: u16,
    /// A subtotal or a total of a sweep.
    pub sum: u16,
    /// A load told to a neighbour.
    pub value: u16,
    /// Zero.
    pub reserved: u16,
}

/// What a way of levelling costs without loss.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_cost {
    /// Messages over one edge.
    pub messages: u64,
    /// Bytes of those messages.
    pub bytes: u64,
    /// Synchronous rounds.
    pub steps: u32,
    /// Zero.
    pub reserved: u32,
}

// Behind the names of C lie the types of the room, field by field.
const _: () = assert!(size_of::<weir_seat>() == size_of::<Seat>());
const _: () = assert!(size_of::<weir_sweep_up>() == size_of::<Up>());
const _: () = assert!(size_of::<weir_sweep_down>() == size_of::<Down>());
const _: () = assert!(size_of::<weir_channel>() == size_of::<Channel>());

const FOREST_FIRST: usize = size_of::<weir_forest>();
const PACE_FIRST: usize = size_of::<weir_pace>();

/// One array or none.
///
/// # Safety
/// As [`border::slice`].
unsafe fn optional<'a, T>(pointer: *const T, len: usize) -> Result<Option<&'a [T]>, weir_status> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: as promised by the caller.
    unsafe { border::slice(pointer, len).map(Some) }
}

/// weir_complex_seat finds the spanning forest that carries messages with the fewest rounds:
/// breadth-first from the centre of each component of the edges that are up. `up` holds one byte
/// per edge, 0 for an edge that is down, or is NULL; `capacity` one weight per node, or is NULL.
/// Nodes of capacity 0 are leaves. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: `nodes` is not the number of
/// nodes; WEIR_ERR_ABI: `forest->size` is too small.
///
/// # Safety
/// `map` is NULL or a handle from init; the arrays are as long as the complex has nodes and edges;
/// `forest` is NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_complex_seat(
    map: *mut weir_complex,
    up: *const u8,
    capacity: *const u16,
    seats: *mut weir_seat,
    nodes: usize,
    forest: *mut weir_forest,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(map, &mut |complex| {
            border::check_out(forest, FOREST_FIRST)?;
            let up = optional(up, complex.edges().len())?;
            let capacity = optional(capacity, nodes)?;
            let net = complex.net(up, capacity).map_err(code)?;
            let seats = border::slice_mut(seats.cast::<Seat>(), nodes)?;
            let found = net.forest(seats).map_err(code)?;
            let value = weir_forest {
                size: 0,
                branches: found.branches,
                links: found.links,
                depth: found.depth,
                width: found.width,
            };
            border::write_out(forest, &value);
            Ok(())
        })
    }
}

/// weir_complex_pace finds how fast diffusion may go on the forest that weir_complex_seat found for
/// the same `up` and `capacity`. `work` is memory for 2 numbers per node. Needed again when an edge
/// comes up, not when one goes down. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: a length is not that of the
/// complex, or capacities are too unequal or the network too long; WEIR_ERR_ABI: `pace->size` is
/// too small.
///
/// # Safety
/// `map` is NULL or a handle from init; `seats` holds `nodes` values, `work` twice as many, the
/// other arrays as in weir_complex_seat; `pace` is NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_complex_pace(
    map: *mut weir_complex,
    up: *const u8,
    capacity: *const u16,
    seats: *const weir_seat,
    nodes: usize,
    work: *mut i64,
    pace: *mut weir_pace,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(map, &mut |complex| {
            border::check_out(pace, PACE_FIRST)?;
            if nodes != complex.nodes().len() {
                return Err(WEIR_ERR_RANGE);
            }
            let up = optional(up, complex.edges().len())?;
            let net = complex.net(up, optional(capacity, nodes)?).map_err(code)?;
            let seats = border::slice(seats.cast::<Seat>(), nodes)?;
            let work = border::slice_mut(work, nodes << 1)?;
            let spectrum = net.spectrum(seats, work).map_err(code)?;
            let found = spectrum.pace();
            let value = weir_pace {
                size: 0,
                first: found.first,
                gain: found.gain,
                momentum: found.momentum,
                factor: found.factor,
                capacity: spectrum.capacity,
                reserved: 0,
            };
            border::write_out(pace, &value);
            Ok(())
        })
    }
}

/// weir_balance_choose predicts what every way of levelling costs after `changed` nodes changed
/// their load, and names the one with the fewest bytes among those whose bit `1 << way` is set in
/// `among`. `halvings` is how often diffusion must halve an imbalance, 16 for a thousandth of 50.0.
/// `pace` may be NULL, then diffusion is not considered; `sizes` may be NULL for 8 bytes of an
/// entry or a sum and 4 of a load; `cost` is NULL or gets WEIR_BALANCE_WAYS values. Context: any.
///
/// WEIR_ERR_NULL; WEIR_ERR_ABI: a size is too small; WEIR_ERR_RANGE: `among` names no way that can
/// be considered.
///
/// # Safety
/// The structs are NULL or valid; `cost` is NULL or holds WEIR_BALANCE_WAYS values.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_balance_choose(
    forest: *const weir_forest,
    pace: *const weir_pace,
    changed: u16,
    halvings: u8,
    among: u32,
    sizes: *const weir_sizes,
    cost: *mut weir_cost,
    way: *mut u32,
) -> weir_status {
    // SAFETY: as promised by the caller.
    let given = unsafe { border::table(forest, FOREST_FIRST).and_then(|f| Ok((f, paced(pace)?))) };
    let (forest, pace) = match given {
        Ok(given) => given,
        Err(status) => return status,
    };
    if way.is_null() {
        return WEIR_ERR_NULL;
    }
    let sizes = match sizes.is_null() {
        true => Sizes::LEAST,
        false => {
            // SAFETY: as promised by the caller.
            let given = unsafe { sizes.read() };
            Sizes {
                entry: given.entry,
                sum: given.sum,
                value: given.value,
            }
        }
    };
    let forest = Forest {
        branches: forest.branches,
        links: forest.links,
        depth: forest.depth,
        width: forest.width,
    };
    let rate = pace.map(|(pace, _)| pace).unwrap_or_default();
    let of = |method: Method| match method {
        Method::Diffusion if pace.is_none() => Cost::default(),
        _ => method.cost(forest, rate, changed, halvings, sizes),
    };
    let known = if pace.is_none() {
        among & !(1 << WEIR_BALANCE_DIFFUSION)
    } else {
        among
    };
    let Some(choice) = cost::cheapest(of, known) else {
        return WEIR_ERR_RANGE;
    };
    // SAFETY: as promised by the caller.
    let out = unsafe { border::slice_mut(cost, WEIR_BALANCE_WAYS) }.unwrap_or(&mut []);
    for method in METHODS {
        if let Some(place) = out.get_mut(method as usize) {
            let cost = of(method);
            *place = weir_cost {
                messages: cost.messages,
                bytes: cost.bytes,
                steps: cost.rounds,
                reserved: 0,
            };
        }
    }
    // SAFETY: as promised by the caller.
    border::status(unsafe { border::put(way, choice as u32) })
}

/// A pace and its largest capacity, if there is one.
///
/// # Safety
/// As [`border::table`].
unsafe fn paced(pace: *const weir_pace) -> Result<Option<(Pace, u16)>, weir_status> {
    if pace.is_null() {
        return Ok(None);
    }
    // SAFETY: as promised by the caller.
    let given = unsafe { border::table(pace, PACE_FIRST)? };
    let pace = Pace {
        first: given.first,
        gain: given.gain,
        momentum: given.momentum,
        factor: given.factor,
    };
    Ok(Some((pace, given.capacity)))
}

/// weir_sweep_gather gives what a node sends to its parent in round `turn`: its own load and
/// capacity and what its children sent. WEIR_PENDING: a child has not sent in this round. At the
/// root the sum is the total. Context: any.
///
/// WEIR_ERR_NULL; WEIR_ERR_RANGE: `turn` is 0, or a sum is beyond 2^47.
///
/// # Safety
/// `children` holds `count` values; `up` is NULL or may be written.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_sweep_gather(
    turn: u32,
    load: i32,
    capacity: u16,
    children: *const weir_sweep_up,
    count: usize,
    up: *mut weir_sweep_up,
) -> weir_status {
    if up.is_null() {
        return WEIR_ERR_NULL;
    }
    // SAFETY: as promised by the caller.
    let children = match unsafe { border::slice(children.cast::<Up>(), count) } {
        Ok(children) => children,
        Err(status) => return status,
    };
    if turn != 0 && children.iter().any(|child| child.turn != turn) {
        return WEIR_PENDING;
    }
    match Up::gather(turn, load, capacity, children).filter(|_| turn != 0) {
        // SAFETY: as promised by the caller.
        Some(sum) => border::status(unsafe { border::put(up.cast::<Up>(), sum) }),
        None => WEIR_ERR_RANGE,
    }
}

/// weir_sweep_pass gives what a node tells its child number `index`, given what it was told itself;
/// the root passes on what it tells itself: its own sum as total and capacity, 0 before. Children
/// stand in ascending order of ids. Context: any.
///
/// WEIR_ERR_NULL; WEIR_ERR_RANGE: there is no such child, or messages are of different rounds.
///
/// # Safety
/// `told` is NULL or valid, `children` holds `count` values; `down` is NULL or may be written.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_sweep_pass(
    told: *const weir_sweep_down,
    capacity: u16,
    children: *const weir_sweep_up,
    count: usize,
    index: usize,
    down: *mut weir_sweep_down,
) -> weir_status {
    if down.is_null() || told.is_null() {
        return WEIR_ERR_NULL;
    }
    // SAFETY: as promised by the caller.
    let (told, children) = unsafe {
        match border::slice(children.cast::<Up>(), count) {
            Ok(children) => (told.cast::<Down>().read(), children),
            Err(status) => return status,
        }
    };
    match told.pass(capacity, children, index) {
        // SAFETY: as promised by the caller.
        Some(next) => border::status(unsafe { border::put(down.cast::<Down>(), next) }),
        None => WEIR_ERR_RANGE,
    }
}

/// weir_sweep_flow gives what the edge between a branch and its parent carries upwards, below zero
/// downwards, from the two messages that crossed it. Both ends compute the same. Context: any.
///
/// WEIR_ERR_NULL; WEIR_ERR_RANGE: the messages are of different rounds, or not of one tree.
///
/// # Safety
/// All are NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_sweep_flow(
    up: *const weir_sweep_up,
    down: *const weir_sweep_down,
    flow: *mut i64,
) -> weir_status {
    if up.is_null() || down.is_null() || flow.is_null() {
        return WEIR_ERR_NULL;
    }
    // SAFETY: as promised by the caller.
    let (up, down) = unsafe { (up.cast::<Up>().read(), down.cast::<Down>().read()) };
    match sweep::flow(up, down) {
        // SAFETY: as promised by the caller.
        Some(value) => border::status(unsafe { border::put(flow, value) }),
        None => WEIR_ERR_RANGE,
    }
}

/// weir_diffusion_step gives what an edge carries in this round, positive from its end with the
/// smaller id, and advances `channel`. Both ends call it with the same loads, those that were told.
/// Nothing moves where a capacity is 0. Context: any.
///
/// WEIR_ERR_NULL; WEIR_ERR_ABI: `pace->size` is too small; WEIR_ERR_RANGE: a capacity is above the
/// largest of the pace.
///
/// # Safety
/// All are NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_diffusion_step(
    channel: *mut weir_channel,
    ends: *const weir_ends,
    pace: *const weir_pace,
    flow: *mut i32,
) -> weir_status {
    if channel.is_null() || ends.is_null() || flow.is_null() {
        return WEIR_ERR_NULL;
    }
    // SAFETY: as promised by the caller.
    let (given, ends, mut state) =
        unsafe { (paced(pace), ends.read(), channel.cast::<Channel>().read()) };
    let (pace, most) = match given {
        Ok(Some(given)) => given,
        Ok(None) => return WEIR_ERR_NULL,
        Err(status) => return status,
    };
    if ends.capacity.iter().any(|capacity| *capacity > most) {
        return WEIR_ERR_RANGE;
    }
    let [low, high] = ends.load;
    let [low_capacity, high_capacity] = ends.capacity;
    let ends = Ends {
        low,
        high,
        low_capacity,
        high_capacity,
    };
    let moved = state.step(ends, most, pace);
    // SAFETY: as promised by the caller.
    let written = unsafe {
        border::put(channel.cast::<Channel>(), state).and_then(|()| border::put(flow, moved))
    };
    border::status(written)
}
