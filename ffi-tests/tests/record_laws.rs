//! The laws of merging, against a map that keeps the largest: order, repetition and grouping do not
//! matter, and the digest is a function of the set.

use std::collections::BTreeMap;

use ffi_tests::evidence::cases;
use proptest::collection::vec;
use proptest::prelude::*;
use weir::bytes::{Reader, Writer};
use weir::record::rows::{LINK_BYTES, Link, Links, Load, encode_links};
use weir::record::{
    Header, Key, Kind, Merge, Offer, Part, Parts, Record, Shape, Slot, Store, StoreHead, Version,
    encode_part, encode_whole,
};

const MESH: u64 = 99;
const SHAPE: Shape = Shape {
    authors: 4,
    degree: 4,
    signed: 3,
    signed_bytes: 40,
};

struct Memory {
    head: StoreHead,
    slots: Vec<Slot>,
    bytes: Vec<u8>,
}

impl Memory {
    fn new() -> Self {
        let slots = vec![bytemuck::Zeroable::zeroed(); SHAPE.places()];
        let mut memory = Self {
            head: bytemuck::Zeroable::zeroed(),
            slots,
            bytes: vec![0; SHAPE.bytes()],
        };
        memory.store().reset(MESH, SHAPE);
        memory
    }

    fn store(&mut self) -> Store<'_> {
        Store::new(&mut self.head, &mut self.slots, &mut self.bytes)
    }
}

#[derive(Clone, Debug)]
struct Owned {
    author: u16,
    boot: u32,
    counter: u32,
    injected: i64,
}

impl Owned {
    fn with<T>(&self, body: impl FnOnce(&Record) -> T) -> T {
        let mut payload = [0; 18];
        let load = Load {
            injected: self.injected,
            capacity: 1,
            ..Load::default()
        };
        load.encode(&mut Writer::new(&mut payload)).expect("room");
        let key = Key {
            author: self.author,
            kind: Kind::Load,
            slot: 0,
        };
        let version = Version {
            boot: self.boot,
            counter: self.counter,
        };
        body(&Record {
            key,
            version,
            payload: &payload,
            signature: None,
        })
    }

    fn rank(&self) -> (u32, u32, u64) {
        (
            self.boot,
            self.counter,
            self.with(|record| record.hash(MESH)),
        )
    }
}

fn records() -> impl Strategy<Value = Vec<Owned>> {
    let one = (1..=6_u16, 1..4_u32, 0..4_u32, 0..3_i64);
    let one = one.prop_map(|(author, boot, counter, injected)| Owned {
        author,
        boot,
        counter,
        injected,
    });
    vec(one, 0..40)
}

fn merge_all(order: impl Iterator<Item = Owned>) -> Memory {
    let mut memory = Memory::new();
    for owned in order {
        // A fifth author is refused; the set of the first four must not depend on that.
        let _ = owned.with(|record| {
            memory.store().merge(&Offer {
                record: *record,
                seconds: 0,
            })
        });
        assert_eq!(memory.store().broken(), None);
    }
    memory
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn any_order_and_repetition_gives_the_largest_of_each_author(
        records in records(),
        swaps in vec((0..64_usize, 0..64_usize), 0..64),
        again in vec(0..64_usize, 0..20),
    ) {
        let few: Vec<Owned> = records.into_iter().filter(|r| r.author <= 4).collect();
        let mut model = BTreeMap::new();
        for owned in &few {
            let held = model.entry(owned.author).or_insert_with(|| owned.rank());
            *held = owned.rank().max(*held);
        }
        let mut shuffled = few.clone();
        if !few.is_empty() {
            let len = few.len();
            swaps.iter().for_each(|&(a, b)| shuffled.swap(a % len, b % len));
            shuffled.extend(again.iter().map(|&i| few[i % len].clone()));
        }
        let mut one = merge_all(few.into_iter());
        let mut two = merge_all(shuffled.into_iter());
        prop_assert_eq!(one.store().digest(), two.store().digest());
        let sum = model.values().fold(0_u64, |sum, rank| sum.wrapping_add(rank.2));
        prop_assert_eq!(one.store().digest(), sum);
        let held: Vec<_> = one.store().slots().iter().map(|s| (s.author(), s.hash())).collect();
        let wanted: Vec<_> = model.iter().map(|(&author, rank)| (author, rank.2)).collect();
        prop_assert_eq!(held, wanted);
    }

    #[test]
    fn refused_records_change_nothing(records in records()) {
        let mut memory = Memory::new();
        for owned in records {
            let before = (memory.store().digest(), memory.store().len(), memory.store().changes());
            let merged = owned.with(|r| memory.store().merge(&Offer { record: *r, seconds: 0 }));
            let after = (memory.store().digest(), memory.store().len(), memory.store().changes());
            match merged {
                Ok(Merge::Newer(_)) => prop_assert_ne!(before, after),
                Ok(Merge::Equivocation(_)) => {}
                _ => prop_assert_eq!(before, after),
            }
        }
    }

    #[test]
    fn records_survive_the_wire_whole_and_in_parts(
        author in 1..u16::MAX,
        slot: u8,
        boot: u32,
        counter: u32,
        payload in vec(any::<u8>(), 0..=512),
        signature: [u8; 32],
        room in 40..300_usize,
    ) {
        let signature: [u8; 64] = core::array::from_fn(|i| signature[i % 32]);
        let key = Key { author, kind: Kind::Note, slot };
        let version = Version { boot, counter };
        let record = Record { key, version, payload: &payload, signature: Some(&signature) };
        let mut bytes = [0; 700];
        let mut writer = Writer::new(&mut bytes);
        encode_whole(&record, &mut writer).expect("room");
        let mut reader = Reader::new(writer.written());
        let header = Header::decode(&mut reader).expect("a header");
        prop_assert_eq!(header.record(reader.rest()), Some(record));
        if let Some(count) = Parts::needed(&record, room) {
            let mut value = vec![0; header.total()];
            for index in 0..count {
                let mut bytes = vec![0; room];
                let mut writer = Writer::new(&mut bytes);
                encode_part(&record, Part { index, count }, &mut writer).expect("room");
                let mut reader = Reader::new(writer.written());
                let header = Header::decode(&mut reader).expect("a header");
                let range = header.part.range(header.total()).expect("a range");
                value[range].copy_from_slice(reader.rest());
            }
            prop_assert_eq!(header.record(&value), Some(record));
        }
    }

    #[test]
    fn any_bytes_are_a_row_of_one_encoding_or_none(bytes in vec(any::<u8>(), 0..64)) {
        let mut again = [0; 64];
        let mut writer = Writer::new(&mut again);
        if let Ok(load) = Load::decode(&bytes) {
            load.encode(&mut writer).expect("room");
            prop_assert_eq!(writer.written(), &bytes[..]);
        }
        let mut again = [0; 64];
        let mut writer = Writer::new(&mut again);
        if let Ok(links) = Links::decode(&bytes, 1, 4) {
            let entries: Vec<Link> = links.iter().collect();
            encode_links(links.carried, &entries, &mut writer).expect("room");
            prop_assert_eq!(writer.written(), &bytes[..]);
            prop_assert!(entries.len() <= 4 && (bytes.len() - 4) / LINK_BYTES == entries.len());
        }
    }
}

#[test]
fn counters_may_leap_farther_the_longer_an_author_was_unheard() {
    let mut memory = Memory::new();
    let mut offer = |counter, seconds| {
        let owned = Owned {
            author: 1,
            boot: 1,
            counter,
            injected: 0,
        };
        owned.with(|record| {
            memory.store().merge(&Offer {
                record: *record,
                seconds,
            })
        })
    };
    assert!(offer(1, 0).is_ok());
    let far = 1 + (1 << 16) + 64 * 3600;
    assert!(offer(far, 3599).is_err());
    assert!(offer(far, 3600).is_ok());
}
