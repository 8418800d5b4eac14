//! What does levelling load cost, message by message, in synchronous rounds?
//!
//! Every way of weir is simulated with the functions firmware calls, the classical ways in floating
//! point beside them. A message crosses one edge per round; a lost one is sent again in the next
//! round and its bytes count again (acknowledgements are the link's). In every round what nodes
//! hold and what is under way is what was there. Bytes: 8 for an entry or a sum, 4 for a value.

use super::Random;
use super::complexes::{Plain, filled};
use super::lent::Lent;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use weir::complex::diffusion::{Channel, Ends, told};
use weir::complex::forest::{Forest, Seat};
use weir::complex::spectrum::{Pace, Spectrum};
use weir::complex::sweep::{Down, Up, flow};

/// Imbalance at which levelling is done: a thousandth, as raw Q16.16.
pub const DONE: f64 = 65.536;

/// A network with a task.
#[derive(Clone, Debug)]
pub struct Task {
    /// Edges that are up, low first, ascending; nodes are `0..load.len()`.
    pub edges: Vec<(usize, usize)>,
    /// Loads before the change that is levelled: what everybody knows already.
    pub before: Vec<i32>,
    /// Loads to level.
    pub load: Vec<i32>,
    /// Weights.
    pub capacity: Vec<u16>,
    /// Percent of messages that are lost.
    pub loss: u64,
    lent: Lent,
}

/// What happened.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Synchronous rounds (exchanges, for gossip).
    pub rounds: u64,
    /// Messages.
    pub messages: u64,
    /// Bytes.
    pub bytes: u64,
    /// What moved over each edge.
    pub flow: Vec<f64>,
    /// Largest distance from a target at the end.
    pub off: f64,
}

impl Outcome {
    /// Length of the flow.
    #[must_use]
    pub fn length(&self) -> f64 {
        self.flow.iter().map(|f| f * f).sum::<f64>().sqrt()
    }
}

impl Task {
    /// A task on the edges of `plain` that are `up`; nodes of `plain` must be `0..n`.
    #[must_use]
    pub fn new(plain: &Plain, up: &[u8], load: &[i32], capacity: &[u16], loss: u64) -> Self {
        let mut edges: Vec<(u16, u16)> = plain.edges.clone();
        edges.sort_unstable();
        let live = edges.iter().zip(up).filter(|(_, up)| **up != 0);
        let live: Vec<(u16, u16)> = live.map(|(edge, _)| *edge).collect();
        let network = filled("up", load.len() as u16, live.clone());
        Self {
            edges: live
                .iter()
                .map(|(a, b)| (usize::from(*a), usize::from(*b)))
                .collect(),
            before: load.to_vec(),
            load: load.to_vec(),
            capacity: capacity.to_vec(),
            loss,
            lent: Lent::of(&network),
        }
    }

    fn nodes(&self) -> usize {
        self.load.len()
    }

    /// Seats, size of the forest and spectrum.
    #[must_use]
    pub fn topology(&self) -> (Vec<Seat>, Forest, Spectrum) {
        let mut lent = self.lent.clone();
        let complex = lent.complex();
        let net = complex.net(None, Some(&self.capacity)).unwrap();
        let mut seats = vec![Seat::default(); self.nodes()];
        let forest = net.forest(&mut seats).unwrap();
        let mut work = vec![0; 2 * self.nodes()];
        let spectrum = net.spectrum(&seats, &mut work).unwrap();
        (seats, forest, spectrum)
    }

    /// Exact targets, by component of the forest; closed nodes below an open one have target 0.
    fn targets(&self, seats: &[Seat]) -> Vec<f64> {
        let mut sums: BTreeMap<u16, (i64, i64)> = BTreeMap::new();
        for (v, seat) in seats.iter().enumerate() {
            let sum = sums.entry(seat.root).or_default();
            sum.0 += i64::from(self.load[v]);
            sum.1 += i64::from(self.capacity[v]);
        }
        let target = |(v, seat): (usize, &Seat)| match sums[&seat.root] {
            (_, 0) => f64::from(self.load[v]),
            (total, sum) => total as f64 * f64::from(self.capacity[v]) / sum as f64,
        };
        seats.iter().enumerate().map(target).collect()
    }

    fn off(&self, held: &[i64], targets: &[f64]) -> f64 {
        let distances = held.iter().zip(targets).map(|(h, t)| (*h as f64 - t).abs());
        distances.fold(0.0, f64::max)
    }

    fn total(&self) -> i64 {
        self.load.iter().map(|l| i64::from(*l)).sum()
    }

    /// Loads after `moved`, by edge.
    fn held(&self, moved: &[i64]) -> Vec<i64> {
        let mut held: Vec<i64> = self.load.iter().map(|l| i64::from(*l)).collect();
        for ((a, b), f) in self.edges.iter().zip(moved) {
            held[*a] -= f;
            held[*b] += f;
        }
        held
    }

    fn lost(&self, random: &mut Random) -> bool {
        random.below(100) < self.loss
    }

    /// Plans: changed loads travel over all edges, or along the forest; every node plans from what
    /// it knows, and the giving end of an edge ships what its own plan says is missing.
    #[must_use]
    pub fn plan(&self, along_forest: bool, random: &mut Random) -> Outcome {
        let n = self.nodes();
        let (seats, ..) = self.topology();
        let carries = |e: usize| seats.iter().any(|seat| usize::from(seat.parent) == e);
        let roads: Vec<(usize, usize)> = (0..self.edges.len())
            .filter(|e| !along_forest || carries(*e))
            .flat_map(|e| [self.edges[e], (self.edges[e].1, self.edges[e].0)])
            .collect();
        let changed: Vec<usize> = (0..n)
            .filter(|v| self.load[*v] != self.before[*v])
            .collect();
        let mut knows: Vec<BTreeSet<usize>> = (0..n)
            .map(|v| changed.iter().copied().filter(|c| *c == v).collect())
            .collect();
        let mut shared: HashMap<(usize, usize), BTreeSet<usize>> = HashMap::new();
        let mut planner = Planner::new(self);
        let (mut given, mut out) = (vec![[0_i64; 2]; self.edges.len()], Outcome::default());
        loop {
            let mut arrived = Vec::new();
            for &(a, b) in &roads {
                let both = shared.entry((a, b)).or_default().clone();
                for entry in knows[a].difference(&both).copied().collect::<Vec<_>>() {
                    out.messages += 1;
                    if !self.lost(random) {
                        arrived.push((a, b, entry));
                    }
                }
            }
            let agreed = roads.iter().all(|(a, b)| knows[*a] == knows[*b]);
            if agreed && arrived.is_empty() {
                break;
            }
            // What still crosses when all know everything costs bytes, and no time.
            out.rounds += u64::from(!agreed);
            for (a, b, entry) in arrived {
                knows[b].insert(entry);
                shared.entry((a, b)).or_default().insert(entry);
                shared.entry((b, a)).or_default().insert(entry);
            }
            planner.ship(&knows, &mut given);
            let moved: Vec<i64> = given.iter().map(|[low, high]| low - high).collect();
            assert_eq!(self.held(&moved).iter().sum::<i64>(), self.total());
        }
        planner.ship(&knows, &mut given);
        let moved: Vec<i64> = given.iter().map(|[low, high]| low - high).collect();
        out.bytes = 8 * out.messages;
        out.off = self.off(&self.held(&moved), &planner.targets(&seats));
        out.flow = moved.iter().map(|f| *f as f64).collect();
        out
    }

    /// Subtotals up the forest, totals down.
    #[must_use]
    pub fn sweep(&self, random: &mut Random) -> Outcome {
        let n = self.nodes();
        let (seats, ..) = self.topology();
        let parent = |v: usize| {
            let edge = self.edges.get(usize::from(seats[v].parent))?;
            Some(if edge.0 == v { edge.1 } else { edge.0 })
        };
        let children: Vec<Vec<usize>> = (0..n)
            .map(|v| (0..n).filter(|c| parent(*c) == Some(v)).collect())
            .collect();
        let mut heard: Vec<Vec<Up>> = children
            .iter()
            .map(|c| vec![Up::default(); c.len()])
            .collect();
        let mut told: Vec<Down> = vec![Down::default(); n];
        let mut sent = vec![[false; 2]; n];
        let mut out = Outcome::default();
        let turn = 7;
        loop {
            let mut ups = Vec::new();
            let mut downs = Vec::new();
            for v in 0..n {
                let up = Up::gather(turn, self.load[v], self.capacity[v], &heard[v]);
                match (up, parent(v)) {
                    (Some(up), None) => told[v] = Down::root(up),
                    (Some(up), Some(p)) if !sent[v][0] => ups.push((v, p, up)),
                    _ => {}
                }
            }
            for v in (0..n).filter(|v| told[*v].turn == turn) {
                for (index, &child) in children[v].iter().enumerate() {
                    if !sent[child][1] {
                        let down = told[v].pass(self.capacity[v], &heard[v], index).unwrap();
                        downs.push((child, down));
                    }
                }
            }
            if ups.is_empty() && downs.is_empty() {
                break;
            }
            out.messages += (ups.len() + downs.len()) as u64;
            for (v, p, up) in ups {
                if !self.lost(random) {
                    let place = children[p].iter().position(|c| *c == v).unwrap();
                    heard[p][place] = up;
                    sent[v][0] = true;
                }
            }
            for (child, down) in downs {
                if !self.lost(random) {
                    told[child] = down;
                    sent[child][1] = true;
                }
            }
            out.rounds += 1;
            let moved = self.swept(&seats, &children, &heard, &told);
            assert_eq!(self.held(&moved).iter().sum::<i64>(), self.total());
        }
        assert!(
            (0..n).all(|v| told[v].turn == turn),
            "everybody knows its share"
        );
        let moved = self.swept(&seats, &children, &heard, &told);
        out.bytes = 8 * out.messages;
        out.off = self.off(&self.held(&moved), &self.targets(&seats));
        out.flow = moved.iter().map(|f| *f as f64).collect();
        out
    }

    /// Flows of the branches of which both ends know both messages.
    fn swept(
        &self,
        seats: &[Seat],
        children: &[Vec<usize>],
        heard: &[Vec<Up>],
        told: &[Down],
    ) -> Vec<i64> {
        let mut moved = vec![0; self.edges.len()];
        for v in 0..self.nodes() {
            for (index, &child) in children[v].iter().enumerate() {
                if told[child].turn == 0 {
                    continue;
                }
                let up = heard[v][index];
                let own = Up::gather(
                    up.turn,
                    self.load[child],
                    self.capacity[child],
                    &heard[child],
                );
                let above = told[v].pass(self.capacity[v], &heard[v], index).unwrap();
                let carried = flow(up, above).unwrap();
                assert_eq!(Some(carried), flow(own.unwrap(), told[child]), "both ends");
                let edge = usize::from(seats[child].parent);
                moved[edge] = if self.edges[edge].0 == child {
                    carried
                } else {
                    -carried
                };
            }
        }
        moved
    }

    /// Second-order diffusion until every load is within `done` of its target. A node takes its
    /// next step once it knows all its neighbours' loads of this one.
    #[must_use]
    pub fn diffuse(&self, done: f64, limit: u64, random: &mut Random) -> Outcome {
        let (seats, _, spectrum) = self.topology();
        let pace = spectrum.pace();
        let targets = self.targets(&seats);
        let n = self.nodes();
        let mut nodes: Vec<Diffusing> = (0..n).map(|v| Diffusing::new(self, v)).collect();
        let mut out = Outcome::default();
        loop {
            let held: Vec<i64> = nodes.iter().map(|node| node.load).collect();
            out.off = self.off(&held, &targets);
            if out.off < done || out.rounds >= limit {
                break;
            }
            let mut arrived = Vec::new();
            for (v, node) in nodes.iter_mut().enumerate() {
                node.pending.retain(|&(to, step, value)| {
                    out.messages += 1;
                    let lost = random.below(100) < self.loss;
                    if !lost {
                        arrived.push((v, to, step, value));
                    }
                    lost
                });
            }
            for (from, to, step, value) in arrived {
                nodes[to].heard.insert((from, step), value);
            }
            nodes
                .iter_mut()
                .for_each(|node| node.advance(&self.capacity, spectrum, pace));
            out.rounds += 1;
            // What one end gave and the other has not taken yet is under way.
            let under_way: i64 = (0..self.edges.len())
                .map(|e| {
                    let (a, b) = self.edges[e];
                    nodes[a].given[&e] - nodes[b].given[&e]
                })
                .sum();
            let held: i64 = nodes.iter().map(|node| node.load).sum();
            assert_eq!(held + under_way, self.total());
        }
        out.bytes = 4 * out.messages;
        out.flow = (0..self.edges.len())
            .map(|e| nodes[self.edges[e].0].given[&e] as f64)
            .collect();
        out
    }

    /// Length of a flow once its triangles gave back what goes round them, and the sweeps of that.
    #[must_use]
    pub fn cleaned(&self, flow: &[f64]) -> (f64, u16) {
        let mut flow: Vec<i32> = flow.iter().map(|f| *f as i32).collect();
        let report = self
            .lent
            .clone()
            .complex()
            .relax_triangles(&mut flow, u16::MAX)
            .unwrap();
        let square: f64 = flow.iter().map(|f| f64::from(*f).powi(2)).sum();
        (square.sqrt(), report.sweeps)
    }

    /// What diffusion is given: closed nodes have handed their loads to their parents.
    #[must_use]
    pub fn handed_over(&self) -> Self {
        let (seats, ..) = self.topology();
        let mut next = self.clone();
        for (v, seat) in seats.iter().enumerate() {
            if let (0, Some((a, b))) = (self.capacity[v], self.edges.get(usize::from(seat.parent)))
            {
                let to = if *a == v { *b } else { *a };
                next.load[to] += next.load[v];
                next.load[v] = 0;
            }
        }
        next
    }
}

/// One node of a diffusion.
struct Diffusing {
    own: usize,
    step: u64,
    load: i64,
    /// Edges, neighbours, channels.
    edges: Vec<(usize, usize, Channel)>,
    /// What moved over each edge so far, positive from its low end.
    given: BTreeMap<usize, i64>,
    pending: Vec<(usize, u64, i32)>,
    heard: HashMap<(usize, u64), i32>,
}

impl Diffusing {
    fn new(task: &Task, own: usize) -> Self {
        let at = task
            .edges
            .iter()
            .enumerate()
            .filter_map(|(e, (a, b))| match own {
                _ if own == *a => Some((e, *b, Channel::default())),
                _ if own == *b => Some((e, *a, Channel::default())),
                _ => None,
            });
        let edges: Vec<_> = at.collect();
        let mut node = Self {
            own,
            step: 0,
            load: i64::from(task.load[own]),
            given: edges.iter().map(|(e, ..)| (*e, 0)).collect(),
            edges,
            pending: Vec::new(),
            heard: HashMap::new(),
        };
        node.tell();
        node
    }

    fn tell(&mut self) {
        let value = told(self.load);
        self.pending
            .extend(self.edges.iter().map(|(_, to, _)| (*to, self.step, value)));
    }

    fn advance(&mut self, capacity: &[u16], spectrum: Spectrum, pace: Pace) {
        if !self
            .edges
            .iter()
            .all(|(_, u, _)| self.heard.contains_key(&(*u, self.step)))
        {
            return;
        }
        let mine = told(self.load);
        for (e, u, channel) in &mut self.edges {
            let theirs = self.heard[&(*u, self.step)];
            let is_low = self.own < *u;
            let (low, high) = if is_low {
                (self.own, *u)
            } else {
                (*u, self.own)
            };
            let loads = if is_low {
                (mine, theirs)
            } else {
                (theirs, mine)
            };
            let ends = Ends {
                low: loads.0,
                high: loads.1,
                low_capacity: capacity[low],
                high_capacity: capacity[high],
            };
            let moved = i64::from(channel.step(ends, spectrum.capacity, pace));
            *self.given.get_mut(e).unwrap() += moved;
            self.load += if is_low { -moved } else { moved };
        }
        self.step += 1;
        self.tell();
    }
}

/// Plans of views, each computed once.
struct Planner<'a> {
    task: &'a Task,
    lent: Lent,
    seen: HashMap<Vec<i32>, Vec<i32>>,
}

impl<'a> Planner<'a> {
    fn new(task: &'a Task) -> Self {
        Self {
            task,
            lent: task.lent.clone(),
            seen: HashMap::new(),
        }
    }

    fn flow(&mut self, load: &[i32]) -> Vec<i32> {
        if let Some(known) = self.seen.get(load) {
            return known.clone();
        }
        let mut flow = vec![0; self.task.edges.len()];
        let report = self
            .lent
            .complex()
            .plan(load, &self.task.capacity, &mut flow)
            .unwrap();
        assert!(!report.uncertified);
        self.seen.insert(load.to_vec(), flow.clone());
        flow
    }

    /// Each end gives what its own plan says is missing on its edges.
    fn ship(&mut self, knows: &[BTreeSet<usize>], given: &mut [[i64; 2]]) {
        let flows: Vec<Vec<i32>> = knows
            .iter()
            .map(|knows| {
                let mut view = self.task.before.clone();
                knows.iter().for_each(|v| view[*v] = self.task.load[*v]);
                self.flow(&view)
            })
            .collect();
        for (e, (a, b)) in self.task.edges.iter().enumerate() {
            let net = given[e][0] - given[e][1];
            let (low, high) = (i64::from(flows[*a][e]), i64::from(flows[*b][e]));
            given[e][0] += (low - net).max(0);
            given[e][1] += (net - high).max(0);
        }
    }

    /// Targets of the plan: a closed node splits its load among its neighbours, so components of
    /// open nodes share what they were given.
    fn targets(&mut self, seats: &[Seat]) -> Vec<f64> {
        let flow = self.flow(&self.task.load.clone());
        let mut given: Vec<i64> = self.task.load.iter().map(|l| i64::from(*l)).collect();
        for ((a, b), f) in self.task.edges.iter().zip(&flow) {
            if self.task.capacity[*a] == 0 || self.task.capacity[*b] == 0 {
                given[*a] -= i64::from(*f);
                given[*b] += i64::from(*f);
            }
        }
        let mut after = self.task.clone();
        after.load = given.iter().map(|g| i32::try_from(*g).unwrap()).collect();
        after.targets(seats)
    }
}
