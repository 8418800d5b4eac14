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

/// A record of any kind, with what its payload is.
fn of(author: u16, kind: Kind, slot: u8, payload: &[u8]) -> Record<'_> {
    let version = Version {
        boot: 1,
        counter: 1,
    };
    Record {
        key: Key { author, kind, slot },
        version,
        payload,
        signature: None,
    }
}

fn links(carried: u32, neighbours: &[u16]) -> Vec<u8> {
    let entries: Vec<Link> = neighbours
        .iter()
        .map(|&neighbour| Link {
            neighbour,
            ..Link::default()
        })
        .collect();
    let mut payload = [0; 128];
    let mut writer = Writer::new(&mut payload);
    encode_links(carried, &entries, &mut writer).expect("room");
    writer.written().to_vec()
}

#[test]
fn a_store_lists_each_author_once_and_counts_its_records() {
    let mut memory = Memory::new();
    assert!(memory.store().is_empty() && memory.store().authors().next().is_none());
    let row = links(0, &[1]);
    for (author, kind) in [
        (3, Kind::Load),
        (2, Kind::Links),
        (4, Kind::Load),
        (2, Kind::Load),
    ] {
        let payload = if kind == Kind::Load {
            &[0; 18]
        } else {
            &row[..]
        };
        let record = of(author, kind, 0, payload);
        let offer = Offer { record, seconds: 0 };
        assert!(memory.store().merge(&offer).is_ok());
    }
    let store = memory.store();
    assert_eq!(store.authors().collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!((store.len(), store.is_empty()), (4, false));
    assert_eq!(store.mesh_id(), MESH);
}

#[test]
fn a_record_that_is_not_one_of_its_kind_is_refused() {
    let (load, row, note) = ([0; 18], links(0, &[2, 3]), [0; 41]);
    let signed = |record| Record {
        signature: Some(&[0; 64]),
        ..record
    };
    let good = [
        of(1, Kind::Load, 0, &load),
        of(1, Kind::Links, 0, &row),
        signed(of(1, Kind::Note, 7, &note[..40])),
    ];
    let bad = [
        of(0, Kind::Load, 0, &load),
        of(u16::MAX, Kind::Load, 0, &load),
        of(1, Kind::Load, 1, &load),
        of(1, Kind::Load, 0, &load[..17]),
        signed(of(1, Kind::Load, 0, &load)),
        of(1, Kind::Links, 1, &row),
        of(1, Kind::Links, 0, &row[..row.len() - 1]),
        of(2, Kind::Links, 0, &row),
        signed(of(1, Kind::Links, 0, &row)),
        of(1, Kind::Note, 0, &note[..40]),
        signed(of(1, Kind::Note, 0, &note)),
    ];
    let mut memory = Memory::new();
    for record in bad {
        let offer = Offer { record, seconds: 0 };
        assert!(memory.store().merge(&offer).is_err(), "{:?}", record.key);
    }
    assert_eq!((memory.store().len(), memory.store().digest()), (0, 0));
    for record in good {
        let offer = Offer { record, seconds: 0 };
        assert!(memory.store().merge(&offer).is_ok(), "{:?}", record.key);
    }
}

#[test]
fn a_row_of_links_ascends_and_has_no_end_at_its_author() {
    let read = |neighbours: &[u16]| Links::decode(&links(0, neighbours), 9, 4).is_ok();
    assert!(read(&[]) && read(&[1]) && read(&[1, 2, 8, 65_534]));
    assert!(!read(&[0]) && !read(&[2, 1]) && !read(&[1, 3, 3]) && !read(&[1, 0]));
    assert!(!read(&[9]) && !read(&[1, 9, 10]) && !read(&[65_535]) && !read(&[1, 65_535]));
    assert!(!read(&[1, 2, 3, 4, 5]), "more than the degree");
}

#[test]
fn the_longest_value_is_a_note_where_notes_are_kept() {
    let shape = |signed, signed_bytes| Shape {
        signed,
        signed_bytes,
        ..SHAPE
    };
    let row = links(0, &[1, 2, 3, 4]).len();
    assert_eq!(shape(0, 500).value_max(), row);
    assert_eq!(shape(1, 500).value_max(), 564);
    assert_eq!(shape(1, 0).value_max(), row.max(64));
}

#[test]
fn headers_with_one_number_out_of_range_are_refused() {
    let mut bytes = [0; 64];
    let mut writer = Writer::new(&mut bytes);
    encode_whole(&of(1, Kind::Load, 0, &[0; 18]), &mut writer).expect("room");
    let good = writer.written().to_vec();
    let read = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        Header::decode(&mut Reader::new(&bytes)).is_ok()
    };
    assert!(read(&|_| {}));
    // The shape is the word at 12: ten bits of length, two of class.
    assert_eq!(good[12..14], [18, 0]);
    assert!(read(&|b| b[12..14].copy_from_slice(&512_u16.to_le_bytes())));
    assert!(!read(&|b| b[12..14].copy_from_slice(&513_u16.to_le_bytes())));
    for bit in 10..16 {
        assert!(!read(&|b| b[13] |= 1 << (bit - 8)), "bit {bit}");
    }
    assert!(!read(&|b| b[14] = 0x10), "the second of one part");
    assert!(!read(&|b| b[0] = 0) && !read(&|b| (b[0], b[1]) = (255, 255)));
}
