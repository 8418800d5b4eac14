//! A member that says what it likes: it has the mesh key, and seals any bytes under any id.

use bytemuck::Zeroable;
use weir::bytes::Writer;
use weir::mesh::frame::{Beacon, Entry, FrameKind, Header, List, Parameters, Summary, hint};
use weir::mesh::seal::{Envelope, Keys};
use weir::record::rows::{Link, Load, encode_links};
use weir::record::{
    Key, Kind, PAYLOAD_MAX, Part, Record, SIGNED_MESSAGE_MAX, Version, encode_part, encode_whole,
};

use super::world::{KEY, MESH, test_signature};

/// Someone who can seal frames.
pub struct Forger {
    /// The mesh it seals for.
    pub mesh_id: u64,
    /// The id it claims.
    pub author: u16,
    /// The session it claims.
    pub session: u64,
    /// The number of its next frame.
    pub sequence: u32,
    /// The keys it has.
    pub keys: Keys,
    /// The slot of the one it seals with.
    pub slot: u8,
}

impl Forger {
    /// A member that claims to be `author`.
    #[must_use]
    pub fn new(author: u16) -> Self {
        let mut keys = Keys::zeroed();
        assert!(keys.set(0, &KEY, 8));
        Self {
            mesh_id: MESH,
            author,
            session: 1,
            sequence: 1,
            keys,
            slot: 0,
        }
    }

    /// Seals with this key from now on.
    pub fn take_key(&mut self, slot: u8, key: &[u8; 16]) {
        self.keys = Keys::zeroed();
        assert!(self.keys.set(slot, key, 8));
        self.slot = slot;
    }

    /// Seals a body.
    pub fn frame(&mut self, kind: FrameKind, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 2048];
        let mut writer = Writer::new(&mut bytes);
        let header = Header {
            kind,
            key_slot: self.slot,
            hint: hint(self.mesh_id),
            author: self.author,
            session_low: self.session as u16,
            sequence: self.sequence,
        };
        header.encode(&mut writer).expect("room");
        if kind == FrameKind::Beacon {
            writer
                .put(&(self.session >> 16).to_le_bytes()[..6])
                .expect("room");
        }
        let clear = writer.len();
        writer.put(body).expect("room");
        let end = writer.len();
        let (mesh_id, author) = (self.mesh_id, self.author);
        let envelope = Envelope {
            mesh_id,
            author,
            session: self.session,
            sequence: self.sequence,
        };
        let total = self
            .keys
            .seal(self.slot, &envelope, &mut bytes, (clear, end))
            .expect("sealed");
        self.sequence += 1;
        bytes.truncate(total);
        bytes
    }

    /// A beacon.
    pub fn beacon(&mut self, beacon: &Beacon) -> Vec<u8> {
        let mut body = [0; 32];
        let mut writer = Writer::new(&mut body);
        beacon.encode(&mut writer).expect("room");
        let body = writer.written().to_vec();
        self.frame(FrameKind::Beacon, &body)
    }

    /// A frame with one record.
    pub fn record(&mut self, record: &Record) -> Vec<u8> {
        let mut body = [0; 1024];
        let mut writer = Writer::new(&mut body);
        encode_whole(record, &mut writer).expect("room");
        let body = writer.written().to_vec();
        self.frame(FrameKind::Records, &body)
    }

    /// A LOAD row of `author`.
    pub fn load(&mut self, author: u16, version: Version, load: Load) -> Vec<u8> {
        let mut payload = [0; 18];
        load.encode(&mut Writer::new(&mut payload)).expect("room");
        let key = Key {
            author,
            kind: Kind::Load,
            slot: 0,
        };
        self.record(&Record {
            key,
            version,
            payload: &payload,
            signature: None,
        })
    }

    /// A LINKS row of `author`.
    pub fn links(&mut self, author: u16, version: Version, links: &[Link]) -> Vec<u8> {
        let mut payload = [0; PAYLOAD_MAX];
        let mut writer = Writer::new(&mut payload);
        encode_links(0, links, &mut writer).expect("room");
        let payload = writer.written().to_vec();
        let key = Key {
            author,
            kind: Kind::Links,
            slot: 0,
        };
        self.record(&Record {
            key,
            version,
            payload: &payload,
            signature: None,
        })
    }

    /// A note of `author`, signed by `signer`.
    pub fn note(&mut self, author: u16, signer: u16, version: Version, payload: &[u8]) -> Vec<u8> {
        let key = Key {
            author,
            kind: Kind::Note,
            slot: 0,
        };
        let bare = Record {
            key,
            version,
            payload,
            signature: None,
        };
        let mut message = [0; SIGNED_MESSAGE_MAX];
        let len = bare
            .signed_message(self.mesh_id, &mut message)
            .expect("room");
        let signature = test_signature(signer, &message[..len]);
        self.record(&Record {
            signature: Some(&signature),
            ..bare
        })
    }
}

/// A beacon that agrees with nobody.
#[must_use]
pub fn beacon_of(parameters: u16) -> Beacon {
    Beacon {
        parameters,
        digest: 77,
        count: 3,
        ordinal: 1,
    }
}

/// The parameters of a mesh of eight.
#[must_use]
pub fn parameters() -> u16 {
    Parameters {
        max_nodes: 8,
        max_degree: 12,
        fill: 6,
    }
    .hash(MESH)
}

/// Bodies of every kind with meaning in them.
#[must_use]
pub fn plaintexts() -> Vec<(FrameKind, Vec<u8>)> {
    let mut out = Vec::new();
    let mut add = |kind, write: &dyn Fn(&mut Writer)| {
        let mut bytes = [0; 1024];
        let mut writer = Writer::new(&mut bytes);
        write(&mut writer);
        out.push((kind, writer.written().to_vec()));
    };
    add(FrameKind::Beacon, &|w| {
        beacon_of(parameters()).encode(w).expect("room")
    });
    add(FrameKind::Summary, &|w| {
        Summary {
            to: 1,
            sums: core::array::from_fn(|i| i as u32 * 77),
        }
        .encode(w)
        .expect("room");
    });
    add(FrameKind::List, &|w| {
        let sums = [5; 16];
        List::encode_head((1, 0, 0b1110), &sums, w).expect("room");
        for author in 1..4 {
            Entry {
                place: (author, 1, 0),
                counter: 3,
            }
            .encode(w)
            .expect("room");
        }
    });
    let version = Version {
        boot: 1,
        counter: 2,
    };
    let mut load = [0; 18];
    let row = Load {
        injected: 100,
        done: 30,
        capacity: 2,
        ..Load::default()
    };
    row.encode(&mut Writer::new(&mut load)).expect("room");
    let mut links = [0; 4 + 11];
    let link = Link {
        neighbour: 1,
        sent: 12,
        acked: 3,
        ..Link::default()
    };
    weir::record::rows::encode_links(0, &[link], &mut Writer::new(&mut links)).expect("room");
    let record = |kind, payload| Record {
        key: Key {
            author: 2,
            kind,
            slot: 0,
        },
        version,
        payload,
        signature: None,
    };
    add(FrameKind::Records, &|w| {
        encode_whole(&record(Kind::Load, &load[..]), w).expect("room");
        encode_whole(&record(Kind::Links, &links[..]), w).expect("room");
    });
    let signature = test_signature(2, b"not this");
    let text = [b'x'; 60];
    let note = Record {
        signature: Some(&signature),
        ..record(Kind::Note, &text[..])
    };
    add(FrameKind::Records, &|w| {
        encode_whole(&note, w).expect("room")
    });
    for index in 0..3 {
        add(FrameKind::Part, &|w| {
            encode_part(&note, Part { index, count: 3 }, w).expect("room")
        });
    }
    add(FrameKind::Goodbye, &|_| {});
    out
}
