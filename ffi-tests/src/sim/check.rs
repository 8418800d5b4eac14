//! Checks: what must hold at every step, whatever the faults.

use super::world::{Books, World};

/// Whether all nodes that are on hold the same records; the digest if so.
#[must_use]
pub fn one_digest(world: &mut World) -> Option<u64> {
    let on = world.nodes.iter_mut().filter(|n| n.due.is_some());
    let mut digests = on.map(|n| n.digest());
    let first = digests.next()?;
    digests.all(|digest| digest == first).then_some(first)
}

/// Arrived = done + queued + in flight, in the books of the nodes themselves.
///
/// What is in flight is counted edge by edge over pairs of the same incarnation; it must be the
/// same number that the sums leave over, and in no direction negative. While a node is learning
/// after a restart its books are closed, and nothing is checked.
///
/// # Errors
/// What does not hold.
pub fn conservation(world: &mut World) -> Result<i64, String> {
    if world.nodes.iter().any(|n| n.learning) {
        return Ok(0);
    }
    let totals = |n: &super::world::SimNode| (n.arrived, n.done);
    let (arrived, done) = world
        .nodes
        .iter()
        .map(totals)
        .fold((0, 0), |sum, n| (sum.0 + n.0, sum.1 + n.1));
    let books: Vec<&Books> = world
        .nodes
        .iter_mut()
        .map(super::world::SimNode::books)
        .collect();
    let mut in_flight = 0_i64;
    for (index, own) in books.iter().enumerate() {
        for link in &own.links {
            let other = &books[usize::from(link.neighbour) - 1];
            let theirs = other
                .links
                .iter()
                .find(|l| usize::from(l.neighbour) == index + 1);
            if let Some(theirs) = theirs.filter(|theirs| link.ahead_of(theirs) == 0) {
                let units = link.sent.wrapping_sub(theirs.acked) as i32;
                if units < 0 {
                    return Err(format!(
                        "{} units in flight {}->{}",
                        units,
                        index + 1,
                        link.neighbour
                    ));
                }
                in_flight += i64::from(units);
            }
        }
    }
    let queued: i64 = books.iter().map(|b| i64::from(b.queued)).sum();
    if arrived == done + queued + in_flight {
        Ok(in_flight)
    } else {
        Err(format!(
            "arrived {arrived} is not done {done} + queued {queued} + in flight {in_flight}"
        ))
    }
}

/// No store contradicts itself.
///
/// # Errors
/// The clause that does not hold.
pub fn invariants(world: &mut World) -> Result<(), String> {
    for (index, node) in world.nodes.iter_mut().enumerate() {
        if let Some(clause) = node.node().store_mut().broken() {
            return Err(format!("node {}: {clause}", index + 1));
        }
    }
    Ok(())
}
