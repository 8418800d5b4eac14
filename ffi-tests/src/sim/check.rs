//! Checks: what must hold at every step, whatever the faults.

use weir::record::Version;
use weir::record::rows::Link;

use super::world::{Books, World};

/// Whether all nodes that are on hold the same records; the digest if so.
#[must_use]
pub fn one_digest(world: &mut World) -> Option<u64> {
    let on = world.nodes.iter_mut().filter(|n| n.due.is_some());
    let mut digests = on.map(|n| n.digest());
    let first = digests.next()?;
    digests.all(|digest| digest == first).then_some(first)
}

/// Arrived = done + queued + in flight, in the books of the nodes themselves, all anew.
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
            let other = books.get(usize::from(link.neighbour) - 1);
            in_flight += flying(index, link, other.copied())?;
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

/// Units on their way over an edge, from the end of `index` to the other.
fn flying(index: usize, link: &Link, other: Option<&Books>) -> Result<i64, String> {
    let own = index as u16 + 1;
    let theirs = other.and_then(|other| {
        let place = other.links.binary_search_by_key(&own, |l| l.neighbour);
        other.links.get(place.ok()?)
    });
    let Some(theirs) = theirs.filter(|theirs| link.ahead_of(theirs) == 0) else {
        return Ok(0);
    };
    let units = link.sent.wrapping_sub(theirs.acked) as i32;
    if units < 0 {
        return Err(format!("{units} units in flight {own}->{}", link.neighbour));
    }
    Ok(i64::from(units))
}

/// Conservation kept up to date: after a step only the books that it touched are read again.
///
/// While a node learns after a restart, the books it had before stand for it: what it learns must
/// balance as those did.
#[derive(Default)]
pub struct Audit {
    books: Vec<Books>,
    totals: Vec<(i64, i64)>,
    /// For each node, units on their way over each of its links.
    flying: Vec<Vec<i64>>,
}

impl Audit {
    /// An audit of nodes that have not begun.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self {
            books: vec![Books::default(); count],
            totals: vec![(0, 0); count],
            flying: vec![Vec::new(); count],
        }
    }

    /// Reads what changed and checks that all balances.
    ///
    /// # Errors
    /// What does not hold.
    pub fn step(&mut self, world: &mut World) -> Result<(), String> {
        let (mut looked, mut changed) = (false, Vec::new());
        for (index, node) in world.nodes.iter_mut().enumerate() {
            if node.learning || !node.touched() && self.totals[index] == (node.arrived, node.done) {
                continue;
            }
            looked = true;
            self.totals[index] = (node.arrived, node.done);
            let books = node.books();
            if *books != self.books[index] {
                self.flying[index] = vec![0; books.links.len()];
                changed.push((
                    index,
                    std::mem::replace(&mut self.books[index], books.clone()),
                ));
            }
        }
        for (index, before) in changed {
            self.weigh(index, &before)?;
        }
        if looked { self.balance() } else { Ok(()) }
    }

    /// Counts again what is on its way from and to a node.
    fn weigh(&mut self, index: usize, before: &Books) -> Result<(), String> {
        let links = &self.books[index].links;
        let other = |link: &Link| self.books.get(usize::from(link.neighbour) - 1);
        let out = links.iter().map(|link| flying(index, link, other(link)));
        self.flying[index] = out.collect::<Result<_, _>>()?;
        let ends = self.books[index].links.iter().chain(&before.links);
        for end in ends.map(|link| usize::from(link.neighbour) - 1) {
            let Some(books) = self.books.get(end) else {
                continue;
            };
            let own = index as u16 + 1;
            if let Ok(place) = books.links.binary_search_by_key(&own, |l| l.neighbour) {
                let units = flying(end, &books.links[place], Some(&self.books[index]))?;
                self.flying[end][place] = units;
            }
        }
        Ok(())
    }

    fn balance(&self) -> Result<(), String> {
        let sum = |(a, b): (i64, i64), &(x, y): &(i64, i64)| (a + x, b + y);
        let (arrived, done) = self.totals.iter().fold((0, 0), sum);
        let queued: i64 = self.books.iter().map(|b| i64::from(b.queued)).sum();
        let in_flight: i64 = self.flying.iter().flatten().sum();
        if arrived == done + queued + in_flight {
            Ok(())
        } else {
            Err(format!(
                "arrived {arrived} is not done {done} + queued {queued} + in flight {in_flight}"
            ))
        }
    }

    /// Units on their way between nodes that `same` puts together.
    #[must_use]
    pub fn in_flight(&self, same: impl Fn(usize, usize) -> bool) -> i64 {
        let rows = self.books.iter().zip(&self.flying).enumerate();
        let units = rows.flat_map(|(index, (books, flying))| {
            let pairs = books.links.iter().zip(flying);
            pairs.map(move |(link, &units)| (index, usize::from(link.neighbour) - 1, units))
        });
        units
            .filter(|&(a, b, _)| same(a, b))
            .map(|(.., units)| units)
            .sum()
    }
}

/// No node lets a version go back, believes a frame twice, or refuses a key that it holds.
#[derive(Default)]
pub struct Order {
    held: Vec<(u32, Vec<(u16, u8, Version)>)>,
}

impl Order {
    /// Compares what a node holds with what it held when it was last looked at.
    ///
    /// # Errors
    /// What does not hold.
    pub fn look(&mut self, world: &mut World, index: usize) -> Result<(), String> {
        self.held.resize(world.nodes.len(), (0, Vec::new()));
        let node = &mut world.nodes[index];
        let (boot, versions) = (node.config.boot, node.versions());
        let (before_boot, before) = &self.held[index];
        // A restart forgets what was learned of others.
        let kept = before.iter().filter(|_| *before_boot == boot);
        for &(author, kind, version) in kept {
            let now = versions.iter().find(|v| (v.0, v.1) == (author, kind));
            if now.is_none_or(|now| now.2 < version) {
                return Err(format!(
                    "node {}: record {kind} of {author} went back",
                    index + 1
                ));
            }
        }
        self.held[index] = (boot, versions);
        if node.overcautious != 0 {
            return Err(format!("node {} refused a key that it holds", index + 1));
        }
        if node.overtrusted != 0 {
            return Err(format!(
                "node {} believed a frame twice, or a changed one",
                index + 1
            ));
        }
        Ok(())
    }
}

/// A store does not contradict itself.
///
/// # Errors
/// The clause that does not hold.
pub fn store(world: &mut World, index: usize) -> Result<(), String> {
    match world.nodes[index].node().store_mut().broken() {
        Some(clause) => Err(format!("node {}: {clause}", index + 1)),
        None => Ok(()),
    }
}

/// No store contradicts itself.
///
/// # Errors
/// The clause that does not hold.
pub fn invariants(world: &mut World) -> Result<(), String> {
    (0..world.nodes.len()).try_for_each(|index| store(world, index))
}
