//! Work on the mesh: what waits where, who ships what to whom. The only file of the C surface that
//! names both handles; a program that calls none of it links no complex.

use super::border;
use super::complex::{self, WEIR_COMPLEX_FOR_MESH, weir_complex, weir_complex_config};
use super::config::{CONFIG_FIRST, weir_mesh_config};
use super::mesh::{Guest, code, weir_mesh, with};
use super::*;
use crate::sync::flows::{self, Flows, Shipment, Summary};

/// state.flags: the complex cannot solve this network, which is too long and thin or has no room
/// for its parts; there is no plan, on any node.
pub const WEIR_STATE_DEGRADED: u32 = flows::DEGRADED as u32;
/// state.flags: some bit could not be proven independent of the method of solution; it is the same
/// on all nodes all the same.
pub const WEIR_STATE_UNCERTIFIED: u32 = flows::UNCERTIFIED as u32;

/// The work of one node. Set `size` before the call. Units are the caller's.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_mesh_load {
    /// Size of this struct as the caller was compiled.
    pub size: u32,
    /// Units waiting here; negative if more was given away than was there.
    pub queued: i32,
    /// Units that ever arrived here from outside.
    pub injected: i64,
    /// Units ever done here.
    pub done: i64,
    /// Units shipped from here and not yet taken.
    pub in_flight: u32,
    /// Weight of this node; 0 accepts nothing.
    pub capacity: u16,
    /// Zero.
    pub reserved: u16,
}

/// Units to hand to a neighbour.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_shipment {
    /// The neighbour.
    pub to: u16,
    /// Zero.
    pub reserved: u16,
    /// Units.
    pub amount: u32,
}

/// What the records say of the whole mesh. Nodes with equal digests have equal values, `agreed` and
/// `learning` apart. Set `size` before the call.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_mesh_state {
    /// Size of this struct as the caller was compiled.
    pub size: u32,
    /// WEIR_STATE_...
    pub flags: u32,
    /// Digest of the records.
    pub digest: u64,
    /// Units that ever arrived: done + queued + in_flight.
    pub arrived: i64,
    /// Units done.
    pub done: i64,
    /// Units waiting.
    pub queued: i64,
    /// Units shipped and not yet taken, as far as these records tell.
    pub in_flight: i64,
    /// Largest circulation round a triangle in the flows as they were shipped, in units.
    pub circulation_before: u32,
    /// The same once reconciled: 0.
    pub circulation_after: u32,
    /// Largest distance of a node from its share, in units, before the plan.
    pub imbalance: u32,
    /// Records held.
    pub records: u16,
    /// Nodes that wrote them.
    pub nodes: u16,
    /// Links that both ends list.
    pub edges: u16,
    /// Triangles they make.
    pub triangles: u16,
    /// 1: the last beacon of every live neighbour showed this digest, and there is one.
    pub agreed: u8,
    /// 1: this node publishes nothing yet.
    pub learning: u8,
    /// Zero.
    pub reserved: u16,
}

/// Enters a node and the complex attached to it.
///
/// # Safety
/// As [`with`].
unsafe fn meet(
    handle: *mut weir_mesh,
    body: impl FnOnce(&mut Guest, &mut Flows) -> Result<(), weir_status>,
) -> weir_status {
    // SAFETY: as promised; a complex is attached to one node, so nobody else is in it.
    unsafe {
        with(handle, |guest| {
            let mut result = Err(WEIR_ERR_STATE);
            let attached = (*guest.head).complex;
            if attached.is_null() {
                return result;
            }
            let entered = border::enter(attached, |head| {
                if let Some((complex, desk)) = &mut complex::carve_both(head) {
                    result = body(guest, &mut Flows::new(complex, desk));
                }
                WEIR_OK
            });
            if entered < 0 { Err(entered) } else { result }
        })
    }
}

/// weir_mesh_complex_config writes to `out` the config of the complex that a node of this config
/// needs.
///
/// WEIR_ERR_NULL; WEIR_ERR_ABI: `config` not made from the default.
///
/// # Safety
/// Both are NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_complex_config(
    config: *const weir_mesh_config,
    out: *mut weir_complex_config,
) -> weir_status {
    // SAFETY: as promised by the caller.
    let written = unsafe {
        border::config(config, CONFIG_FIRST).and_then(|given| {
            let shape = flows::shape(given.max_nodes, given.max_degree, given.fill);
            let made = weir_complex_config {
                abi: &raw const weir_abi_epoch_1,
                size: size_of::<weir_complex_config>() as u32,
                max_nodes: shape.nodes,
                max_edges: shape.edges,
                max_triangles: shape.triangles,
                fill: shape.fill,
                flags: WEIR_COMPLEX_FOR_MESH,
            };
            border::put(out, made)
        })
    };
    border::status(written)
}

/// weir_mesh_attach_complex lends a complex to a node, which from then on knows the network of
/// links and can plan. While attached, the other calls that change the complex return
/// WEIR_ERR_STATE. Detach, or give the node back, before giving the complex back. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_BUSY; WEIR_ERR_STATE: one of them is not initialised or attached
/// already; WEIR_ERR_RANGE: the complex is not of the shape that weir_mesh_complex_config gives.
///
/// # Safety
/// Both are NULL or handles from init; the complex is lent until detached.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_attach_complex(
    mesh: *mut weir_mesh,
    map: *mut weir_complex,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(mesh, |guest| {
            let config = *guest.node.config();
            let shape = flows::shape(config.max_nodes, config.max_degree, config.fill);
            if !(*guest.head).complex.is_null() {
                return Err(WEIR_ERR_STATE);
            }
            let wanted = [shape.nodes, shape.edges, shape.triangles, shape.fill];
            let entered = border::enter(map, |head| {
                if (*head).attached != 0 {
                    return WEIR_ERR_STATE;
                }
                if (*head).shape != wanted || u32::from((*head).flags) != WEIR_COMPLEX_FOR_MESH {
                    return WEIR_ERR_RANGE;
                }
                let Some((inner, desk)) = &mut complex::carve_both(head) else {
                    return WEIR_ERR_STATE;
                };
                Flows::new(inner, desk).reset();
                (*head).attached = 1;
                WEIR_OK
            });
            if entered == WEIR_OK {
                (*guest.head).complex = map;
                return Ok(());
            }
            Err(entered)
        })
    }
}

/// weir_mesh_detach_complex gives the complex back to the caller. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_BUSY; WEIR_ERR_STATE: not initialised, or nothing is attached.
///
/// # Safety
/// `mesh` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_detach_complex(mesh: *mut weir_mesh) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(mesh, |guest| {
            let complex = core::mem::replace(&mut (*guest.head).complex, core::ptr::null_mut());
            if complex.is_null() {
                return Err(WEIR_ERR_STATE);
            }
            complex::release(complex);
            Ok(())
        })
    }
}

/// weir_mesh_set_load says how many units wait at this node now; what arrived follows from it. For
/// callers that know their queue and nothing else. Context: thread.
///
/// WEIR_PENDING: still learning, nothing changed; WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY.
///
/// # Safety
/// `mesh` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_set_load(mesh: *mut weir_mesh, queued: i32) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe { with(mesh, |guest| guest.node.set_load(queued).map_err(code)) }
}

/// weir_mesh_set_work says how many units ever arrived at this node from outside and how many it
/// ever finished, over all its starts: go on from weir_mesh_get_load after a restart. What waits
/// follows from these and from what was shipped. Context: thread.
///
/// WEIR_PENDING: still learning, nothing changed; WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY.
///
/// # Safety
/// `mesh` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_set_work(
    mesh: *mut weir_mesh,
    injected: i64,
    done: i64,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(mesh, |guest| {
            guest.node.set_work(injected, done).map_err(code)
        })
    }
}

/// weir_mesh_set_capacity sets the weight of this node: the plan makes units over weight equal.
/// 0 accepts nothing and passes nothing on. It is 1 at first. Context: thread.
///
/// WEIR_PENDING: still learning, nothing changed; WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY.
///
/// # Safety
/// `mesh` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_set_capacity(
    mesh: *mut weir_mesh,
    capacity: u16,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(mesh, |guest| {
            guest.node.set_capacity(capacity).map_err(code)
        })
    }
}

/// weir_mesh_get_load gives the work of this node as its records will say. Context: thread.
///
/// WEIR_PENDING: still learning, nothing is known yet; WEIR_ERR_NULL, WEIR_ERR_STATE,
/// WEIR_ERR_BUSY; WEIR_ERR_ABI: `out->size` is too small.
///
/// # Safety
/// `mesh` is NULL or a handle from init; `out` is NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_get_load(
    mesh: *mut weir_mesh,
    out: *mut weir_mesh_load,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(mesh, |guest| {
            border::check_out(out, size_of::<weir_mesh_load>())?;
            if guest.node.learning() {
                return Err(WEIR_PENDING);
            }
            let work = guest.node.work();
            border::write_out(
                out,
                &weir_mesh_load {
                    size: 0,
                    queued: work.queued,
                    injected: work.load.injected,
                    done: work.load.done,
                    in_flight: work.in_flight,
                    capacity: work.load.capacity,
                    reserved: 0,
                },
            );
            Ok(())
        })
    }
}

/// weir_mesh_get_received gives the units taken from neighbours since the last call of this
/// function: they are queued here now. Negative: a neighbour took something back. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY.
///
/// # Safety
/// `mesh` is NULL or a handle from init; `amount` is NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_get_received(
    mesh: *mut weir_mesh,
    amount: *mut i32,
) -> weir_status {
    if amount.is_null() {
        return WEIR_ERR_NULL;
    }
    // SAFETY: as promised by the caller.
    unsafe {
        with(mesh, |guest| {
            border::put(amount, guest.node.take_received())
        })
    }
}

/// weir_mesh_settle works out, from the records this node holds, the network, the circulation and
/// the plan, unless it did so for these records before. Own rows that changed beyond the gate are
/// written first, so that their next version is on its way. `out` may be NULL. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_BUSY; WEIR_ERR_STATE: not initialised, or no complex attached;
/// WEIR_ERR_ABI: `out->size` is too small.
///
/// # Safety
/// `mesh` is NULL or a handle from init; `out` is NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_settle(
    mesh: *mut weir_mesh,
    out: *mut weir_mesh_state,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        meet(mesh, |guest, flows| {
            if !out.is_null() {
                border::check_out(out, size_of::<weir_mesh_state>())?;
            }
            let summary = flows.settle(&mut guest.node);
            if !out.is_null() {
                let (agreed, learning) = (guest.node.agreed(), guest.node.learning());
                border::write_out(out, &state(&summary, agreed, learning));
            }
            Ok(())
        })
    }
}

fn state(summary: &Summary, agreed: bool, learning: bool) -> weir_mesh_state {
    let narrow = |wide: u64| u32::try_from(wide).unwrap_or(u32::MAX);
    weir_mesh_state {
        size: 0,
        flags: u32::from(summary.flags),
        digest: summary.digest,
        arrived: summary.arrived,
        done: summary.done,
        queued: summary.queued,
        in_flight: summary.in_flight,
        circulation_before: narrow(summary.circulation_before),
        circulation_after: narrow(summary.circulation_after),
        imbalance: narrow(summary.imbalance),
        records: summary.records,
        nodes: summary.nodes,
        edges: summary.edges,
        triangles: summary.triangles,
        agreed: u8::from(agreed),
        learning: u8::from(learning),
        reserved: 0,
    }
}

/// weir_mesh_plan settles and gives what this node should hand to which neighbour now, no more than
/// it has: `count` shipments, ascending by neighbour, at most `cap`. Nothing moves before
/// weir_mesh_ship. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_BUSY; WEIR_ERR_STATE: not initialised, or no complex attached.
///
/// # Safety
/// `mesh` is NULL or a handle from init; `out` is NULL or has room for `cap`; `count` is NULL or
/// valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_plan(
    mesh: *mut weir_mesh,
    out: *mut weir_shipment,
    cap: usize,
    count: *mut usize,
) -> weir_status {
    if count.is_null() {
        return WEIR_ERR_NULL;
    }
    // SAFETY: as promised by the caller.
    unsafe {
        meet(mesh, |guest, flows| {
            // A node has no more neighbours to ship to than links.
            let cap = cap.min(usize::from(guest.node.config().max_degree));
            let places = border::slice_mut(out, cap)?;
            let mut left = places.iter_mut();
            let mut planned = 0;
            flows.plan(&mut guest.node, |Shipment { to, units }| {
                let Some(place) = left.next() else {
                    return false;
                };
                let (reserved, amount) = (0, units);
                *place = weir_shipment {
                    to,
                    reserved,
                    amount,
                };
                planned = usize::wrapping_add(planned, 1);
                true
            });
            border::put(count, planned)
        })
    }
}

/// weir_mesh_ship hands `amount` units to a neighbour. They leave this node's queue at once and
/// enter the neighbour's when it hears of them, exactly once whatever is lost or repeated on the
/// air. Until then they are in flight. Context: thread.
///
/// WEIR_PENDING: still learning; WEIR_ERR_NULL, WEIR_ERR_BUSY; WEIR_ERR_STATE: not initialised, or
/// the link is not up; WEIR_ERR_RANGE: more than is queued. Nothing changed.
///
/// # Safety
/// `mesh` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_ship(mesh: *mut weir_mesh, to: u16, amount: u32) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe { with(mesh, |guest| guest.node.ship(to, amount).map_err(code)) }
}
