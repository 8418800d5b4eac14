//! When is what follows from the topology computed, and in which order?
//!
//! Split vertices or nodes, blocks, cocycles, order, factor, norm, Gram matrices: each stage fills
//! the next arrays of the pool. One factor is resident at a time, that of the projection or that of
//! the balance; they share the room because a build costs about four solves. A refused call puts
//! back what was resident, so that storage is as before to the byte. Source: math.md 2.6.

use super::blocks::{components, frame, nodes_of, partition, split};
use super::triangles;
use super::{
    Block, Complex, Ends, Error, NONE, Resident, Settled, cocycle, factor, harmonic, order,
};
use crate::num::{Exact, at, put};

/// Vertices times norm from which on refinement is not known to converge.
const CONDITION: u64 = 1 << 33;

impl Complex<'_> {
    /// Prepares for [`Complex::project`] if the topology has changed; the other calls do so too.
    ///
    /// `Full` if the factor or the cocycles do not fit, `IllConditioned` if the complex is so long
    /// and thin that its last bits cannot be certain. A refusal changes nothing.
    pub fn settle(&mut self) -> Result<(), Error> {
        let before = self.head.resident;
        self.settle_projection()
            .inspect_err(|_| self.restore(before))?;
        self.store.closed.fill(0);
        Ok(())
    }

    /// Makes the factor of the projection resident, but keeps the record of a balance before it.
    pub(super) fn settle_projection(&mut self) -> Result<(), Error> {
        if self.head.resident == Resident::Projection as u16 {
            return Ok(());
        }
        self.clear_derived();
        let Self { head, store } = self;
        let edges = usize::from(head.edges);
        let ids = store.ids.get(..usize::from(head.nodes)).unwrap_or(&[]);
        let scratch: &mut [u16] = bytemuck::try_cast_slice_mut(store.pool).unwrap_or(&mut []);
        head.components = components(ids, store.edges.get(..edges).unwrap_or(&[]), scratch);
        let triangles = triangles(store.triangles)
            .get(..usize::from(head.triangles))
            .unwrap_or(&[]);
        let labels = split(store.ends.get_mut(..edges).unwrap_or(&mut []), triangles);
        partition(store, head, labels, true)?;
        cocycle::build(store, head)?;
        order::build(store, head, true)?;
        self.numbers(true)?;
        self.head.resident = Resident::Projection as u16;
        Ok(())
    }

    /// Makes the factor of the graph of nodes with capacity resident; with `None`, of the nodes
    /// that were recorded.
    pub(super) fn settle_balance(&mut self, capacity: Option<&[u16]>) -> Result<(), Error> {
        if self.head.resident == Resident::Balance as u16
            && capacity.is_none_or(|capacity| self.recorded(capacity))
        {
            return Ok(());
        }
        self.clear_derived();
        let Self { head, store } = self;
        let ids = store.ids.get(..usize::from(head.nodes)).unwrap_or(&[]);
        let closed = |node: u16| match capacity {
            Some(capacity) => at(capacity, node) == 0,
            None => bit(store.closed, node),
        };
        for (ends, edge) in store
            .ends
            .iter_mut()
            .zip(&*store.edges)
            .take(usize::from(head.edges))
        {
            let joined = nodes_of(*edge, ids);
            let none = Ends {
                tail: NONE,
                head: NONE,
            };
            *ends = if closed(joined.tail) || closed(joined.head) {
                none
            } else {
                joined
            };
        }
        partition(store, head, head.nodes, false)?;
        order::build(store, head, false)?;
        self.numbers(false)?;
        self.head.resident = Resident::Balance as u16;
        Ok(())
    }

    /// Whether the record of closed nodes is that of these capacities.
    fn recorded(&self, capacity: &[u16]) -> bool {
        (0_u16..)
            .zip(capacity)
            .all(|(node, c)| bit(self.store.closed, node) == (*c == 0))
    }

    /// Records which nodes are closed, once a balance has succeeded.
    pub(super) fn record(&mut self, capacity: &[u16]) {
        self.store.closed.fill(0);
        for (node, _) in (0_u16..).zip(capacity).filter(|(_, c)| **c == 0) {
            let word = at(self.store.closed, node >> 4) | 1 << (node & 15);
            put(self.store.closed, node >> 4, word);
        }
    }

    /// Makes resident what was before a refused call. It fitted then, so it fits now.
    pub(super) fn restore(&mut self, before: u16) {
        let result = if before == Resident::Projection as u16 {
            self.settle_projection()
        } else if before == Resident::Balance as u16 {
            self.settle_balance(None)
        } else {
            self.clear_derived();
            Ok(())
        };
        debug_assert!(result.is_ok());
    }

    /// Factors, norms and Gram matrices of all blocks.
    fn numbers(&mut self, closed_form: bool) -> Result<(), Error> {
        let length = self.head.derived;
        frame(self.store.pool, length)?.1.rest().fill(0);
        let mut settled = Settled::of(&mut self.store, length)?;
        for index in 0..settled.frame.blocks.len() {
            let mut block = settled.block(index);
            if closed_form && block.is_triangle() {
                continue;
            }
            let members = usize::from(block.first_member)..usize::from(block.end_member);
            let members = settled.members.get(members).unwrap_or(&[]);
            let (ends, rows, column) = (settled.ends, settled.rows, &*settled.frame.column);
            factor::build(&block, members, ends, rows, column, &mut settled.work);
            block.norm = settled.norm(block)?;
            if let Some(place) = settled.frame.blocks.get_mut(index) {
                *place = block;
            }
            harmonic::build(&mut settled.parts(block))?;
        }
        settled.clear();
        Ok(())
    }

    /// The first Betti number: independent circulations that no triangles fill. Settles.
    pub fn betti1(&mut self) -> Result<u32, Error> {
        self.settle()?;
        let length = self.head.derived;
        let Settled { frame, .. } = Settled::of(&mut self.store, length)?;
        let active = frame
            .blocks
            .iter()
            .map(|block| u32::from(block.members()))
            .sum();
        // Flows without curl: free edges, potentials of blocks, cocycles. Minus potentials of
        // nodes.
        let kernel = u32::from(self.head.edges)
            .minus(active)
            .plus(u32::from(length.vertices).minus(u32::from(length.blocks)))
            .plus(length.harmonics);
        Ok(kernel.minus(u32::from(self.head.nodes.minus(self.head.components))))
    }
}

impl Settled<'_> {
    /// A bound of the infinity norm of the block's inverse: the inverse is nonnegative, so its
    /// largest row sum is the largest potential of the all-ones side. The margin covers the solve's
    /// error.
    fn norm(&mut self, block: Block) -> Result<u32, Error> {
        let parts = self.parts(block);
        let mut solver = parts.solver;
        solver.x.fill(0);
        solver.d.fill(0);
        solver.y.fill(1 << 16);
        solver.substitute();
        let root = usize::from(block.vertices().minus(1));
        let most = solver
            .y
            .iter()
            .take(root)
            .max()
            .copied()
            .unwrap_or(0)
            .unsigned_abs();
        let norm = (most >> 16).plus(most >> 26).plus(2);
        if norm.saturating_mul(root as u64) >= CONDITION {
            return Err(Error::IllConditioned);
        }
        u32::try_from(norm).map_err(|_| Error::IllConditioned)
    }
}

fn bit(bits: &[u16], node: u16) -> bool {
    at(bits, node >> 4) & 1 << (node & 15) != 0
}
