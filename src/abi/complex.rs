//! The handle `weir_complex`.

use super::border::{self, Gate, Handle};
use super::*;
use crate::carve::Arena;
use crate::complex::{Complex, Error, Report, Shape};
use crate::sync::flows::Desk;

/// A network of nodes and edges that removes circulation from flows and plans how to level loads.
///
/// It lies in storage the caller lends and keeps no pointers, so the storage may be copied away and
/// back while the handle is not in a call. One thread at a time; different handles are independent.
pub struct weir_complex;

/// Memory for the head of a complex.
pub const WEIR_COMPLEX_FIXED_BYTES: usize = 320;
/// Memory per node, without what solving needs.
pub const WEIR_COMPLEX_NODE_BYTES: usize = 3;
/// Memory per node for solving, and more per unit of fill; at least what finding the parts takes,
/// by node and by edge.
pub const WEIR_COMPLEX_SOLVE_BYTES: usize = 32;
/// Memory per node and unit of fill.
pub const WEIR_COMPLEX_FILL_BYTES: usize = 6;
/// Memory per node for finding the parts.
pub const WEIR_COMPLEX_FIND_NODE_BYTES: usize = 4;
/// Memory per edge for finding the parts.
pub const WEIR_COMPLEX_FIND_EDGE_BYTES: usize = 10;
/// Memory per edge.
pub const WEIR_COMPLEX_EDGE_BYTES: usize = 12;
/// Memory per triangle.
pub const WEIR_COMPLEX_TRIANGLE_BYTES: usize = 6;
/// Further memory for the head, if the complex serves a mesh.
pub const WEIR_DESK_FIXED_BYTES: usize = 136;
/// Further memory per node, if the complex serves a mesh.
pub const WEIR_DESK_NODE_BYTES: usize = 6;
/// Further memory per edge, if the complex serves a mesh.
pub const WEIR_DESK_EDGE_BYTES: usize = 12;

/// Only triangles that were added count; without this flag every three pairwise joined nodes make
/// one.
pub const WEIR_COMPLEX_NAMED_ONLY: u32 = 1;
/// The complex serves a mesh: it has room for what the mesh computes.
pub const WEIR_COMPLEX_FOR_MESH: u32 = 2;
/// Flag of a report: some bit could not be proven independent of the method of solution. The result
/// is free of curl and the same on all machines all the same.
pub const WEIR_COMPLEX_UNCERTIFIED: u32 = 1;

/// How a complex is made. Copied. Start from WEIR_COMPLEX_CONFIG_DEFAULT.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_complex_config {
    /// Set by the default, never by hand.
    pub abi: *const u8,
    /// Size of this struct as the caller was compiled.
    pub size: u32,
    /// Most nodes, 1..=65535.
    pub max_nodes: u16,
    /// Most edges, 1..=32767.
    pub max_edges: u16,
    /// Most triangles.
    pub max_triangles: u16,
    /// Room of the factors, entries per node, 1..=65535; 4 suits radio meshes of degree 7. With
    /// less, solving takes more passes and gives the same bits.
    pub fill: u16,
    /// WEIR_COMPLEX_NAMED_ONLY, WEIR_COMPLEX_FOR_MESH, or 0.
    pub flags: u32,
}

/// What settling found. Set `size` before the call.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_complex_report {
    /// Size of this struct as the caller was compiled.
    pub size: u32,
    /// Nodes.
    pub nodes: u16,
    /// Edges.
    pub edges: u16,
    /// Triangles.
    pub triangles: u16,
    /// Independent cycles that no triangles fill.
    pub cycles: u16,
    /// Largest magnitude of curl in the given flow, raw Q16.16.
    pub curl_before: u32,
    /// Passes of refinement; 0 if the flow was free of curl.
    pub passes: u32,
    /// WEIR_COMPLEX_UNCERTIFIED or 0.
    pub flags: u32,
}

/// What lies behind a `weir_complex`.
#[derive(Debug)]
#[repr(C)]
pub struct Head {
    gate: Gate,
    pub(super) shape: [u16; 4],
    /// Words of the arena.
    words: u32,
    pub(super) flags: u16,
    pub(super) attached: u16,
}

const _: () = assert!(size_of::<Head>() + 264 <= WEIR_COMPLEX_FIXED_BYTES);
const _: () = assert!(size_of::<crate::sync::flows::Summary>() + 5 * 8 <= WEIR_DESK_FIXED_BYTES);

const DEFAULT: weir_complex_config = weir_complex_config {
    abi: &raw const weir_abi_epoch_1,
    size: size_of::<weir_complex_config>() as u32,
    max_nodes: 16,
    max_edges: 48,
    max_triangles: 80,
    fill: 6,
    flags: 0,
};

const CONFIG_FIRST: usize = size_of::<weir_complex_config>();
pub(super) const REPORT_FIRST: usize = size_of::<weir_complex_report>();

impl Handle for weir_complex {
    const MAGIC: u32 = 0x7765_6301;
    type Head = Head;
}

fn shape([nodes, edges, triangles, fill]: [u16; 4]) -> Shape {
    Shape {
        nodes,
        edges,
        triangles,
        fill,
    }
}

fn words(shape: Shape, flags: u32) -> Option<usize> {
    let desk = if flags & WEIR_COMPLEX_FOR_MESH == 0 {
        0
    } else {
        Desk::words(shape)?
    };
    Complex::words(shape)?.checked_add(desk)
}

fn storage_words(config: &weir_complex_config) -> Option<usize> {
    let shape = shape([
        config.max_nodes,
        config.max_edges,
        config.max_triangles,
        config.fill,
    ]);
    words(shape, config.flags)?.checked_add(border::head_words::<weir_complex>())
}

fn check_config(config: &weir_complex_config) -> Result<(), weir_status> {
    let flags = WEIR_COMPLEX_NAMED_ONLY | WEIR_COMPLEX_FOR_MESH;
    let edges = (1..=crate::complex::EDGES_MAX).contains(&config.max_edges);
    let known = config.flags & !flags == 0;
    if config.max_nodes != 0 && edges && config.fill != 0 && known {
        Ok(())
    } else {
        Err(WEIR_ERR_RANGE)
    }
}

/// The words behind a head.
///
/// # Safety
/// As [`carve`].
unsafe fn arena<'a>(head: *mut Head) -> Arena<'a> {
    // SAFETY: as promised; the arena is as long as init made it.
    unsafe { Arena::new(border::arena::<weir_complex>(head, (*head).words as usize)) }
}

/// Carves the complex.
///
/// # Safety
/// `head` came from [`border::enter`] or [`border::take_storage`] and is written.
pub(super) unsafe fn carve<'a>(head: *mut Head) -> Option<Complex<'a>> {
    // SAFETY: as promised.
    unsafe { Complex::carve(&mut arena(head), shape((*head).shape)) }
}

/// Carves a complex that serves a mesh, and its desk.
///
/// # Safety
/// As [`carve`].
#[inline(never)]
pub(super) unsafe fn carve_both<'a>(head: *mut Head) -> Option<(Complex<'a>, Desk<'a>)> {
    // SAFETY: as promised.
    let (mut arena, shape) = unsafe {
        if u32::from((*head).flags) & WEIR_COMPLEX_FOR_MESH == 0 {
            return None;
        }
        (arena(head), shape((*head).shape))
    };
    let complex = Complex::carve(&mut arena, shape)?;
    Some((complex, Desk::carve(&mut arena, shape)?))
}

pub(super) const fn code(error: Error) -> weir_status {
    match error {
        Error::Full => WEIR_ERR_FULL,
        Error::Range
        | Error::Missing
        | Error::Degenerate
        | Error::Length
        | Error::IllConditioned => WEIR_ERR_RANGE,
    }
}

/// Lets a complex go.
///
/// # Safety
/// `complex` is NULL or was attached.
pub(super) unsafe fn release(complex: *mut weir_complex) {
    // SAFETY: attached complexes stay initialised: deinit refuses them.
    unsafe {
        if let Ok(head) = border::check(complex) {
            (*head).attached = 0;
        }
    }
}

/// Enters a complex that is not attached to a mesh. `body` is called once; it is not a type of its
/// own per caller, so that what surrounds it is in the archive once.
///
/// # Safety
/// As [`border::enter`].
#[inline(never)]
pub(super) unsafe fn with(
    handle: *mut weir_complex,
    body: &mut dyn FnMut(&mut Complex) -> Result<(), weir_status>,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        border::enter(handle, |head| {
            if (*head).attached != 0 {
                return WEIR_ERR_STATE;
            }
            match &mut carve(head) {
                Some(complex) => border::status(body(complex)),
                None => WEIR_ERR_STATE,
            }
        })
    }
}

/// weir_complex_config_default writes WEIR_COMPLEX_CONFIG_DEFAULT to `out`, for callers that cannot
/// use the macro. NULL is ignored.
///
/// # Safety
/// `out` is NULL or points to a config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn weir_complex_config_default(out: *mut weir_complex_config) {
    // SAFETY: as promised; NULL is refused by `put` and nothing is written.
    let _ = unsafe { border::put(out, DEFAULT) };
}

/// weir_complex_storage_size returns how many bytes a complex of this config needs, 0 if the config
/// is not valid.
///
/// # Safety
/// `config` is NULL or points to a config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn weir_complex_storage_size(config: *const weir_complex_config) -> usize {
    // SAFETY: as promised.
    let config = unsafe { border::config(config, CONFIG_FIRST) };
    let checked = config.and_then(|config| check_config(&config).map(|()| config));
    let words = checked.ok().and_then(|config| storage_words(&config));
    words.and_then(|words| words.checked_mul(8)).unwrap_or(0)
}

/// weir_complex_init makes an empty complex in `storage` and gives its handle.
/// The storage belongs to the complex until deinit and need not be cleared before. Context: thread.
///
/// WEIR_ERR_NULL; WEIR_ERR_ABI: config not made from the default; WEIR_ERR_RANGE: a capacity is 0
/// or too large; WEIR_ERR_STORAGE: too short or not aligned to 8 bytes.
///
/// # Safety
/// `storage` is NULL or `storage_len` bytes lent until deinit; `out` and `config` are NULL or
/// valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_complex_init(
    out: *mut *mut weir_complex,
    storage: *mut core::ffi::c_void,
    storage_len: usize,
    config: *const weir_complex_config,
) -> weir_status {
    if out.is_null() {
        return WEIR_ERR_NULL;
    }
    // SAFETY: as promised by the caller; the head is written before the gate opens.
    let made = unsafe {
        border::config(config, CONFIG_FIRST).and_then(|config| {
            check_config(&config)?;
            let words = storage_words(&config);
            let head = border::take_storage::<weir_complex>(storage.cast(), storage_len, words)?;
            (*head).shape = [
                config.max_nodes,
                config.max_edges,
                config.max_triangles,
                config.fill,
            ];
            // Both fit: flags were checked, and 16-bit capacities make fewer than 2^32 words.
            (*head).flags = config.flags as u16;
            (*head).words = words
                .unwrap_or(0)
                .wrapping_sub(border::head_words::<weir_complex>())
                as u32;
            start(head)?;
            border::put(out, border::open_gate::<weir_complex>(head))
        })
    };
    border::status(made)
}

/// # Safety
/// As [`carve`].
unsafe fn start(head: *mut Head) -> Result<(), weir_status> {
    // SAFETY: as promised.
    let (flags, carved) = unsafe { ((*head).flags, carve(head)) };
    let mut complex = carved.ok_or(WEIR_ERR_STORAGE)?;
    complex.reset_to(u32::from(flags) & WEIR_COMPLEX_NAMED_ONLY == 0);
    Ok(())
}

/// weir_complex_reset forgets all nodes, edges and triangles. Context: thread.
///
/// WEIR_ERR_NULL; WEIR_ERR_STATE: not initialised, or attached to a mesh; WEIR_ERR_BUSY.
///
/// # Safety
/// `map` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_complex_reset(map: *mut weir_complex) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        border::enter(map, |head| match (*head).attached {
            0 => border::status(start(head)),
            _ => WEIR_ERR_STATE,
        })
    }
}

/// weir_complex_deinit gives the storage back to the caller, all zero. Context: thread.
///
/// WEIR_ERR_NULL; WEIR_ERR_STATE: not initialised, or attached to a mesh; WEIR_ERR_BUSY.
///
/// # Safety
/// `map` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_complex_deinit(map: *mut weir_complex) -> weir_status {
    let mut total = 0;
    // SAFETY: as promised by the caller; the gate closes after the call left the handle.
    unsafe {
        let status = border::enter(map, |head| {
            if (*head).attached != 0 {
                return WEIR_ERR_STATE;
            }
            total = (*head).words as usize;
            WEIR_OK
        });
        if status == WEIR_OK {
            border::close_gate(
                map,
                total.wrapping_add(border::head_words::<weir_complex>()),
            );
        }
        status
    }
}

/// weir_complex_add_node adds node `id`; one that is there stays. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_FULL: max_nodes reached.
///
/// # Safety
/// `map` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_complex_add_node(map: *mut weir_complex, id: u16) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe { with(map, &mut |complex| complex.add_node(id).map_err(code)) }
}

/// weir_complex_add_edge joins nodes `a` and `b`, in either order; an edge that is there stays.
/// Every three pairwise joined nodes become a triangle unless the config says otherwise. Context:
/// thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: a equals b, or a node is not
/// there; WEIR_ERR_FULL: max_edges or max_triangles reached.
///
/// # Safety
/// `map` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_complex_add_edge(
    map: *mut weir_complex,
    a: u16,
    b: u16,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe { with(map, &mut |complex| complex.add_edge(a, b).map_err(code)) }
}

/// weir_complex_remove_node removes node `id`, its edges and their triangles. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: there is no such node.
///
/// # Safety
/// `map` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_complex_remove_node(map: *mut weir_complex, id: u16) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe { with(map, &mut |complex| complex.remove_node(id).map_err(code)) }
}

/// weir_complex_remove_edge removes the edge between `a` and `b` and its triangles. Context:
/// thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: there is no such edge.
///
/// # Safety
/// `map` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_complex_remove_edge(
    map: *mut weir_complex,
    a: u16,
    b: u16,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe { with(map, &mut |complex| complex.remove_edge(a, b).map_err(code)) }
}

/// weir_complex_add_triangle fills the triangle of three joined nodes; one that is there stays.
/// Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: a node repeats, or two are not
/// joined; WEIR_ERR_FULL: max_triangles reached.
///
/// # Safety
/// `map` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_complex_add_triangle(
    map: *mut weir_complex,
    a: u16,
    b: u16,
    c: u16,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(map, &mut |complex| {
            complex.add_triangle(a, b, c).map_err(code)
        })
    }
}

/// weir_complex_get_edge gives the ends of the edge with this number, the smaller id first. Edges
/// are numbered from 0 in ascending order of (smaller id, larger id); flows are arrays in this
/// order, and positive flow goes from the smaller id to the larger. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_END: there are no more edges.
///
/// # Safety
/// `map` is NULL or a handle from init; `a` and `b` are NULL or may be written.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_complex_get_edge(
    map: *mut weir_complex,
    index: usize,
    a: *mut u16,
    b: *mut u16,
) -> weir_status {
    if a.is_null() || b.is_null() {
        return WEIR_ERR_NULL;
    }
    // SAFETY: as promised by the caller.
    unsafe {
        border::enter(map, |head| {
            let Some(complex) = carve(head) else {
                return WEIR_ERR_STATE;
            };
            let Some(&edge) = complex.edges().get(index) else {
                return WEIR_END;
            };
            let written = border::put(a, edge.low).and_then(|()| border::put(b, edge.high));
            border::status(written)
        })
    }
}

/// weir_complex_settle removes from `flow` everything that goes round triangles and writes the rest
/// to `out`: the closest flow without curl, each edge less than one raw unit off for a complex
/// without unfilled cycles, the same bits on every machine. Both arrays hold `edges` values in the
/// order of weir_complex_get_edge and must not overlap. `report` may be NULL. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: `edges` is not the number of
/// edges, a result does not fit, the complex is too long and thin, or the arrays are one;
/// WEIR_ERR_FULL: the parts do not fit; WEIR_ERR_ABI: `report->size` is too small.
///
/// # Safety
/// `map` is NULL or a handle from init; the arrays hold `edges` values; `report` is NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_complex_settle(
    map: *mut weir_complex,
    flow: *const weir_q16,
    out: *mut weir_q16,
    edges: usize,
    report: *mut weir_complex_report,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(map, &mut |complex| {
            if !report.is_null() {
                border::check_out(report, REPORT_FIRST)?;
            }
            if edges != complex.edges().len() || (edges != 0 && flow == out.cast_const()) {
                return Err(if flow.is_null() && out.is_null() {
                    WEIR_ERR_NULL
                } else {
                    WEIR_ERR_RANGE
                });
            }
            let given = border::slice(flow, edges)?;
            let result = border::slice_mut(out, edges)?;
            // Here, so that settling does not stand on top of projecting.
            complex.settle().map_err(code)?;
            let found = complex.project(given, result).map_err(code)?;
            write_report(complex, found, report)
        })
    }
}

/// Writes what settling found, if the caller wants it.
///
/// # Safety
/// `report` is NULL or passed [`border::check_out`].
pub(super) unsafe fn write_report(
    complex: &mut Complex<'_>,
    found: Report,
    report: *mut weir_complex_report,
) -> Result<(), weir_status> {
    if report.is_null() {
        return Ok(());
    }
    let value = weir_complex_report {
        size: 0,
        nodes: complex.nodes().len() as u16,
        edges: complex.edges().len() as u16,
        triangles: complex.triangles().len() as u16,
        cycles: complex.betti1().map_err(code)? as u16,
        curl_before: u32::try_from(found.curl_max).unwrap_or(u32::MAX),
        passes: u32::from(found.passes),
        flags: if found.uncertified {
            WEIR_COMPLEX_UNCERTIFIED
        } else {
            0
        },
    };
    // SAFETY: as promised by the caller.
    unsafe { border::write_out(report, &value) };
    Ok(())
}

/// weir_complex_plan writes to `flow` what each edge must carry so that load over capacity is equal
/// on all nodes that edges connect. Loads and capacities are in ascending order of node ids;
/// `capacity` may be NULL for equal ones; capacity 0 accepts nothing. Flows are in the order of
/// weir_complex_get_edge, in the unit of the loads. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: a length is not the number of
/// nodes or edges, or a flow does not fit; WEIR_ERR_FULL: the parts do not fit.
///
/// # Safety
/// `map` is NULL or a handle from init; the arrays are as long as stated.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_complex_plan(
    map: *mut weir_complex,
    load: *const i32,
    capacity: *const u16,
    nodes: usize,
    flow: *mut i32,
    edges: usize,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(map, &mut |complex| {
            if nodes != complex.nodes().len() || edges != complex.edges().len() {
                return Err(WEIR_ERR_RANGE);
            }
            // No capacities are equal ones.
            let capacity = match capacity.is_null() {
                true => &[],
                false => border::slice(capacity, nodes)?,
            };
            let (load, flow) = (border::slice(load, nodes)?, border::slice_mut(flow, edges)?);
            complex.plan(load, capacity, flow).map(|_| ()).map_err(code)
        })
    }
}
