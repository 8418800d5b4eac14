//! A member that lies within what `docs/security.md` says a member can do without taking work: it
//! forges LOAD rows and notes, sends bytes without meaning, invents authors.
//!
//! Forged LINKS rows are left out: they move work, as that page says, so no conservation follows.

use weir::mesh::frame::FrameKind;
use weir::record::Version;
use weir::record::rows::Load;

use super::draw::Lies;
use super::forge::{Forger, plaintexts};
use super::world::{World, key_of};

/// The liar of a run.
pub struct Liar {
    forger: Forger,
    /// When it tells which lie.
    plan: Vec<(u64, Lie)>,
    /// Authors whose LOAD row it forged.
    pub victims: Vec<u16>,
    /// Authors it invented.
    pub invented: Vec<u16>,
}

#[derive(Clone, Copy, Debug)]
enum Lie {
    Load,
    Note,
    Garbage,
    Author(u16),
}

impl Liar {
    /// A liar that tells these lies within a span. Its own id comes after all nodes; authors it
    /// invents are named in the first tenth, when not everyone is known yet.
    #[must_use]
    pub fn new(world: &mut World, lies: Lies, span: u64) -> Self {
        let own = world.nodes.len() as u16 + 100;
        let mut plan = Vec::new();
        let kinds = [
            (lies.loads, Lie::Load),
            (lies.notes, Lie::Note),
            (lies.garbage, Lie::Garbage),
        ];
        for (count, lie) in kinds {
            for _ in 0..count {
                plan.push((world.now + u64::from(world.random.below(span as u32)), lie));
            }
        }
        for id in 0..lies.invented {
            let at = world.now + u64::from(world.random.below(span as u32 / 10));
            plan.push((at, Lie::Author(own + 1 + id)));
        }
        Self {
            forger: Forger::new(own),
            plan,
            victims: Vec::new(),
            invented: Vec::new(),
        }
    }

    /// Tells what is due, under the newest key there is.
    pub fn speak(&mut self, world: &mut World, generation: u8) {
        let now = world.now;
        let due = self.plan.iter().position(|&(at, _)| at <= now);
        let Some((_, lie)) = due.map(|index| self.plan.swap_remove(index)) else {
            return;
        };
        let (slot, key) = key_of(generation);
        self.forger.take_key(slot, &key);
        let index = world.random.below(world.nodes.len() as u32) as usize;
        let frame = match lie {
            Lie::Load => self.load(world, index),
            Lie::Note => self.note(world),
            Lie::Garbage => Some(self.garbage(world)),
            Lie::Author(id) => Some(self.author(world, id)),
        };
        if let Some(frame) = frame {
            world.inject(index, frame);
        }
    }

    /// A LOAD row of somebody whom the victim of the lie knows, above what it holds or beside it.
    fn load(&mut self, world: &mut World, index: usize) -> Option<Vec<u8>> {
        let versions = world.nodes[index].versions();
        let rows: Vec<_> = versions.iter().filter(|v| v.1 == 1).collect();
        let &&(author, _, held) = rows.get(world.random.below(rows.len() as u32) as usize)?;
        let step = world.random.below(3);
        let version = Version {
            counter: held.counter + step,
            ..held
        };
        let load = Load {
            injected: i64::from(world.random.below(100_000)),
            capacity: 9,
            ..Load::default()
        };
        self.victims.push(author);
        world.tally.false_loads += 1;
        world.tally.equivocations += u64::from(step == 0);
        Some(self.forger.load(author, version, load))
    }

    fn note(&mut self, world: &mut World) -> Option<Vec<u8>> {
        let author = 1 + world.random.below(world.nodes.len() as u32) as u16;
        let version = Version {
            boot: 1,
            counter: 50,
        };
        world.tally.false_notes += 1;
        let signer = self.forger.author;
        Some(self.forger.note(author, signer, version, b"forged"))
    }

    /// A body with meaning, of which some bytes are others.
    fn garbage(&mut self, world: &mut World) -> Vec<u8> {
        let bodies = plaintexts();
        // Not the rows: what is left of a LINKS row may still be one, and move work.
        let harmless = |(kind, _): &&(FrameKind, Vec<u8>)| {
            !matches!(kind, FrameKind::Records | FrameKind::Part)
        };
        let bodies: Vec<_> = bodies.iter().filter(harmless).collect();
        let (kind, body) = bodies[world.random.below(bodies.len() as u32) as usize];
        let mut body = body.clone();
        for _ in 0..3 {
            if !body.is_empty() {
                let place = world.random.below(body.len() as u32) as usize;
                body[place] = world.random.next() as u8;
            }
        }
        world.tally.garbage += 1;
        self.forger.frame(*kind, &body)
    }

    fn author(&mut self, world: &mut World, id: u16) -> Vec<u8> {
        let version = Version {
            boot: 1,
            counter: 1,
        };
        let load = Load {
            injected: 5,
            capacity: 1,
            ..Load::default()
        };
        self.invented.push(id);
        world.tally.invented += 1;
        self.forger.load(id, version, load)
    }
}
