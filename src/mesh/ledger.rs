//! The two-ended ledger: what came in, what is done, what moved over which edge.
//!
//! Each end of an edge publishes what it sent and what it took; the receiver takes what was sent
//! and not yet taken. Counters are cumulative, so loss, duplication and reordering of the rows
//! cannot move a unit twice. For every author
//!
//! ```text
//! queued = injected - done + carried + sum over entries (acked - sent)        modulo 2^32
//! ```
//!
//! and summed over all authors `arrived = done + queued + in flight` holds identically.
//!
//! **Making an edge.** An end that wants one lists the neighbour in generation 0: a proposal, in
//! which nothing moves and which may be dropped. When it sees itself listed, it opens generation 2.
//!
//! **Retiring an edge has two phases.** An end whose link went down freezes its entry; the other
//! end, seeing that, freezes its own after taking the last units. When an end sees both frozen and
//! nothing in flight, it may fold the gain into `carried` and open the next incarnation with zero
//! counters, or give the place to another neighbour. Freezing is a promise: only the other end, by
//! being frozen and level, ahead, or gone after traffic, releases it. An end that sees the other
//! one incarnation ahead knows that the edge came to rest, and folds too. So a higher incarnation
//! always starts from zero at both ends.
//!
//! **Who opens again.** The end that froze first, because its link went down, opens the edge when
//! its link is back; the end that only followed waits for that. Otherwise a radio that hears
//! another one and is not heard would open what the other freezes, for ever.
//!
//! An end sees the other through the newest LINKS row it holds, which never goes back. The
//! exception is an author that restarted without its own last rows; what that costs is in
//! `docs/guarantees.md`.

use bytemuck::{Pod, Zeroable};

use crate::record::rows::{Link, Load};

/// The scalars of a ledger.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct LedgerHead {
    /// What the LOAD row says.
    pub load: Load,
    /// Gain over closed incarnations, modulo 2^32.
    pub carried: u32,
    /// Units taken since the application last asked, modulo 2^32.
    pub unread: u32,
    count: u16,
    unused: [u16; 3],
}

/// How an end sees the other end of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// No LINKS row of the other end is held.
    Unknown,
    /// Its row does not list this node.
    Unlisted,
    /// Its row lists this node so.
    Listed(Link),
}

/// A ledger over borrowed memory.
#[derive(Debug)]
pub struct Ledger<'a> {
    /// The scalars.
    pub head: &'a mut LedgerHead,
    entries: &'a mut [Link],
}

impl<'a> Ledger<'a> {
    /// The ledger whose state lies in these pieces; zeroed memory is an empty one.
    pub fn new(head: &'a mut LedgerHead, entries: &'a mut [Link]) -> Self {
        Self { head, entries }
    }

    /// The own ends of edges, ascending by neighbour.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        self.entries
            .get(..usize::from(self.head.count))
            .unwrap_or_default()
    }

    fn links_mut(&mut self) -> &mut [Link] {
        self.entries
            .get_mut(..usize::from(self.head.count))
            .unwrap_or_default()
    }

    /// The own end of the edge to `neighbour`.
    #[must_use]
    pub fn link(&self, neighbour: u16) -> Option<&Link> {
        self.links().iter().find(|link| link.neighbour == neighbour)
    }

    /// The own end of the edge to `neighbour`, to count what is sent.
    pub fn link_mut(&mut self, neighbour: u16) -> Option<&mut Link> {
        self.links_mut()
            .iter_mut()
            .find(|link| link.neighbour == neighbour)
    }

    /// Starts from published rows.
    pub fn learn(&mut self, load: Load, carried: u32, links: impl Iterator<Item = Link>) {
        *self.head = LedgerHead {
            load,
            carried,
            ..Zeroable::zeroed()
        };
        for (place, link) in self.entries.iter_mut().zip(links) {
            *place = link;
            self.head.count = self.head.count.wrapping_add(1);
        }
    }

    /// Units waiting at this node; negative if it gave away more than it had.
    #[must_use]
    pub fn queued(&self) -> i32 {
        let base = self.head.load.backlog().wrapping_add(self.head.carried);
        let gains = self
            .links()
            .iter()
            .fold(base, |sum, link| sum.wrapping_add(link.gain()));
        gains.cast_signed()
    }

    /// Takes what the neighbour sent in the common incarnation; negative if it took something back.
    pub fn take(&mut self, theirs: &Link, neighbour: u16) -> i32 {
        let Some(own) = self.link_mut(neighbour) else {
            return 0;
        };
        if own.ahead_of(theirs) != 0 || own.proposed() {
            return 0;
        }
        let units = theirs.sent.wrapping_sub(own.acked);
        own.acked = theirs.sent;
        self.head.unread = self.head.unread.wrapping_add(units);
        units.cast_signed()
    }

    /// After learning: raises what this node believes to have sent to what the neighbour took,
    /// because the last row before the restart was lost. Returns the units so restored.
    pub fn restore_sent(&mut self, theirs: &Link, neighbour: u16) -> u32 {
        let Some(own) = self.link_mut(neighbour) else {
            return 0;
        };
        let missing = theirs.acked.wrapping_sub(own.sent);
        if own.ahead_of(theirs) != 0 || missing.cast_signed() <= 0 {
            return 0;
        }
        own.sent = theirs.acked;
        missing
    }

    /// Moves every edge one step towards what is wanted, lists wanted neighbours, and reports
    /// whether the row changed.
    pub fn review(
        &mut self,
        wanted: impl Fn(u16) -> bool,
        view: impl Fn(u16) -> View,
        candidates: impl Iterator<Item = u16>,
    ) -> Review {
        let mut review = Review::default();
        while let Some(index) = self
            .links()
            .iter()
            .position(|own| own.proposed() && !wanted(own.neighbour))
        {
            self.unlist(index);
            review.changed = true;
        }
        let mut carried = self.head.carried;
        for own in self.links_mut() {
            let step = Step {
                wanted: wanted(own.neighbour),
                view: view(own.neighbour),
            };
            review.changed |= step.apply(own, &mut carried, &mut review.rolled_back);
        }
        self.head.carried = carried;
        for id in candidates {
            if self.link(id).is_none() {
                let listed = self.list(id, view(id), |link| {
                    !wanted(link.neighbour) && at_rest(link, view(link.neighbour))
                });
                review.changed |= listed;
                review.full |= !listed;
            }
        }
        review
    }

    /// Lists a neighbour, in the place of one that `spare` allows to give up if there is no other.
    fn list(&mut self, id: u16, view: View, spare: impl Fn(&Link) -> bool) -> bool {
        if usize::from(self.head.count) >= self.entries.len() {
            let Some(index) = self.links().iter().position(spare) else {
                return false;
            };
            self.unlist(index);
        }
        let mut carried = born(id, view);
        let count = usize::from(self.head.count);
        let index = self.links().partition_point(|link| link.neighbour < id);
        let Some(behind) = self.entries.get_mut(index..=count) else {
            return false;
        };
        for place in behind {
            core::mem::swap(place, &mut carried);
        }
        self.head.count = self.head.count.wrapping_add(1);
        true
    }

    fn unlist(&mut self, index: usize) {
        let Some(from) = self.links_mut().get_mut(index..) else {
            return;
        };
        let mut gone = Link::default();
        for place in from.iter_mut().rev() {
            core::mem::swap(place, &mut gone);
        }
        self.head.carried = self.head.carried.wrapping_add(gone.gain());
        self.head.count = self.head.count.wrapping_sub(1);
    }
}

/// What a review did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Review {
    /// The row is another now.
    pub changed: bool,
    /// A wanted neighbour found no place.
    pub full: bool,
    /// Edges whose other end had gone ahead while this end was open: this node lost its last rows.
    pub rolled_back: u16,
}

struct Step {
    wanted: bool,
    view: View,
}

impl Step {
    fn apply(&self, own: &mut Link, carried: &mut u32, rolled_back: &mut u16) -> bool {
        let before = *own;
        own.waits &= u8::from(self.wanted);
        match self.view {
            _ if own.proposed() => *own = born(own.neighbour, self.view),
            View::Listed(theirs) => match own.ahead_of(&theirs) {
                ..0 => {
                    if !own.frozen() && (own.sent, own.acked) != (0, 0) {
                        *rolled_back = rolled_back.wrapping_add(1);
                    }
                    fold(own, carried);
                    own.generation = theirs.generation | u8::from(!self.wanted);
                    own.waits = u8::from(self.wanted && theirs.frozen());
                    // Zero unless this end forgot: then the other end knows what it took.
                    own.sent = theirs.acked;
                }
                0 if !own.frozen() => {
                    own.generation |= u8::from(!self.wanted || theirs.frozen());
                    own.waits = u8::from(self.wanted && theirs.frozen());
                }
                0 if self.wanted && own.waits == 0 && at_rest(own, self.view) => {
                    reopen(own, carried);
                }
                0 => {}
                // The other end is behind and will follow.
                1.. => own.generation |= u8::from(!self.wanted),
            },
            View::Unlisted if self.wanted && at_rest(own, self.view) => reopen(own, carried),
            View::Unlisted | View::Unknown => own.generation |= u8::from(!self.wanted),
        }
        // Whose turn it is, is not part of the row.
        (Link {
            waits: before.waits,
            ..*own
        }) != before
    }
}

/// The entry of an edge that begins at this end.
fn born(neighbour: u16, view: View) -> Link {
    let (generation, sent) = match view {
        View::Unknown | View::Unlisted => (0, 0),
        View::Listed(theirs) if theirs.proposed() || theirs.frozen() => {
            (theirs.next_generation(), 0)
        }
        // The same incarnation: whatever it took from this node, this node had sent.
        View::Listed(theirs) => (theirs.generation, theirs.acked),
    };
    Link {
        neighbour,
        generation,
        sent,
        ..Zeroable::zeroed()
    }
}

/// Whether nothing can move on an edge any more, so that its entry may be folded. An end that is
/// not listed any more was released by the other one only if that one was seen in this incarnation,
/// which traffic proves.
fn at_rest(own: &Link, view: View) -> bool {
    own.proposed()
        || own.frozen()
            && match view {
                View::Listed(theirs) => {
                    own.ahead_of(&theirs) == 0
                        && theirs.frozen()
                        && (own.sent, own.acked) == (theirs.acked, theirs.sent)
                }
                View::Unlisted => (own.sent, own.acked) != (0, 0),
                View::Unknown => false,
            }
}

fn fold(own: &mut Link, carried: &mut u32) {
    *carried = carried.wrapping_add(own.gain());
    (own.sent, own.acked) = (0, 0);
}

/// From frozen to the next incarnation.
fn reopen(own: &mut Link, carried: &mut u32) {
    fold(own, carried);
    own.generation = own.next_generation();
    own.waits = 0;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One step of an end that is wanted, beside an open other end of generation 4.
    fn step(generation: u8, sent: u32) -> (Link, u16) {
        let link = |generation, sent| Link {
            neighbour: 2,
            generation,
            sent,
            ..Zeroable::zeroed()
        };
        let step = Step {
            wanted: true,
            view: View::Listed(link(4, 0)),
        };
        let (mut own, mut carried, mut rolled_back) = (link(generation, sent), 0, 0);
        step.apply(&mut own, &mut carried, &mut rolled_back);
        (own, rolled_back)
    }

    #[test]
    fn an_open_end_that_fell_behind_reports_a_rollback_only_after_traffic() {
        assert_eq!((step(2, 0).1, step(2, 5).1), (0, 1));
        assert_eq!(step(3, 5).1, 0, "a frozen end may be overtaken");
    }

    #[test]
    fn an_edge_that_is_open_at_both_ends_waits_for_neither() {
        let (own, rolled_back) = step(4, 5);
        assert_eq!((own.generation, own.sent, own.waits), (4, 5, 0));
        assert_eq!(rolled_back, 0);
    }
}
