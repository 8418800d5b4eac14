/** @file
 * weir: a mesh that shares load, agrees to the bit and needs no coordinator.
 *
 * Made from src/abi by `make header`; do not edit. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The caller owns the world: memory, time, radio, entropy and storage come in through these calls.
 * Out-parameters are written only on success, and a call that fails changes nothing.
 * One handle belongs to one thread at a time; only functions ending in _isr may interrupt. */

#ifndef WEIR_H
#define WEIR_H

#include <stddef.h>
#include <stdint.h>

#if defined(__XTENSA__)
#error "weir: no archive for Xtensa (ESP32, S2, S3), whose compiler is a fork: use RISC-V or Arm"
#elif defined(__riscv) && __riscv_xlen == 32 && !defined(__riscv_mul)
#error "weir: no archive for RV32 without the M extension"
#elif defined(__riscv) && __riscv_xlen == 32 && defined(__riscv_float_abi_double)
#error "weir: no archive for RV32 with the double-float ABI (ilp32d): use ilp32f or ilp32"
#endif

/** The version this header belongs to, as text; weir_version() is that of the archive. */
#define WEIR_VERSION "0.1.0"
/** First part of the version. */
#define WEIR_VERSION_MAJOR 0
/** Second part of the version. */
#define WEIR_VERSION_MINOR 1
/** Third part of the version. */
#define WEIR_VERSION_PATCH 0
/** Grows with every release: (major << 16) | (minor << 8) | patch. */
#define WEIR_VERSION_NUMBER \
    ((WEIR_VERSION_MAJOR << 16) | (WEIR_VERSION_MINOR << 8) | WEIR_VERSION_PATCH)

/** @def WEIR_CHECK_RESULT
 * Marks functions whose result must be looked at: GCC and Clang warn where it is dropped. */
#if defined(__GNUC__) || defined(__clang__)
#define WEIR_CHECK_RESULT __attribute__((warn_unused_result))
#else
#define WEIR_CHECK_RESULT
#endif

/** Words of 8 bytes that hold `bytes` bytes. */
#define WEIR_WORDS(bytes) (((bytes) + 7u) / 8u)

/** The constant num/den as a weir_q16, rounded towards zero. For constant expressions only. */
#define WEIR_Q16(num, den) ((num) * INT64_C(65536) / (den))

/** Grows by one with every change of this header. */
#define WEIR_API_LEVEL 1
/** Way of levelling: changed loads flood all edges, every node computes the plan. */
#define WEIR_BALANCE_FLOOD 0
/** Way of levelling: changed loads travel along the forest, every node computes the plan. */
#define WEIR_BALANCE_PLAN 1
/** Way of levelling: subtotals up the forest, totals down. */
#define WEIR_BALANCE_SWEEP 2
/** Way of levelling: second-order diffusion between neighbours. */
#define WEIR_BALANCE_DIFFUSION 3
/** Number of ways of levelling. */
#define WEIR_BALANCE_WAYS 4
/** Memory for the head of a complex. */
#define WEIR_COMPLEX_FIXED_BYTES 320
/** Memory per node, without what solving needs. */
#define WEIR_COMPLEX_NODE_BYTES 3

/**
 * Memory per node for solving, and more per unit of fill; at least what finding the parts takes,
 * by node and by edge.
 */
#define WEIR_COMPLEX_SOLVE_BYTES 32
/** Memory per node and unit of fill. */
#define WEIR_COMPLEX_FILL_BYTES 6
/** Memory per node for finding the parts. */
#define WEIR_COMPLEX_FIND_NODE_BYTES 4
/** Memory per edge for finding the parts. */
#define WEIR_COMPLEX_FIND_EDGE_BYTES 10
/** Memory per edge. */
#define WEIR_COMPLEX_EDGE_BYTES 12
/** Memory per triangle. */
#define WEIR_COMPLEX_TRIANGLE_BYTES 6
/** Further memory for the head, if the complex serves a mesh. */
#define WEIR_DESK_FIXED_BYTES 136
/** Further memory per node, if the complex serves a mesh. */
#define WEIR_DESK_NODE_BYTES 6
/** Further memory per edge, if the complex serves a mesh. */
#define WEIR_DESK_EDGE_BYTES 12

/**
 * Only triangles that were added count; without this flag every three pairwise joined nodes make
 * one.
 */
#define WEIR_COMPLEX_NAMED_ONLY 1
/** The complex serves a mesh: it has room for what the mesh computes. */
#define WEIR_COMPLEX_FOR_MESH 2

/**
 * Flag of a report: some bit could not be proven independent of the method of solution. The result
 * is free of curl and the same on all machines all the same.
 */
#define WEIR_COMPLEX_UNCERTIFIED 1
/** No deadline: nothing will happen until something is heard or set. */
#define WEIR_NEVER UINT64_MAX
/** Memory for the head of a mesh. */
#define WEIR_MESH_FIXED_BYTES 1280
/** Memory per node, without its links. */
#define WEIR_MESH_NODE_BYTES 86
/** Memory per node and link. */
#define WEIR_MESH_LINK_BYTES 11
/** Memory per neighbour. */
#define WEIR_MESH_NEIGHBOUR_BYTES 72
/** Memory per signed record, without its payload. */
#define WEIR_MESH_SIGNED_BYTES 96
/** due.flags: more work is waiting, poll again at once. */
#define WEIR_DUE_MORE 1
/** due.flags: own records changed since the last weir_mesh_snapshot. */
#define WEIR_DUE_SNAPSHOT 2
/** due.flags: the node still learns what it published before; nothing of its own is published. */
#define WEIR_DUE_LEARNING 4
/** No edge, no vertex. */
#define WEIR_NONE 65535
/** A neighbour can be heard and used. */
#define WEIR_EVENT_LINK_UP 1
/** A neighbour is silent, does not acknowledge, or left. */
#define WEIR_EVENT_LINK_DOWN 2
/** A neighbour holds exactly this node's records. */
#define WEIR_EVENT_AGREED 3
/** A neighbour that agreed holds other records now. */
#define WEIR_EVENT_DIFFERED 4
/** The peer shipped `value` units of work, which are queued here now. */
#define WEIR_EVENT_RECEIVED 5
/** A member published under this node's id; this node published above it. */
#define WEIR_EVENT_FORGED 6
/** The peer published two values under one version. */
#define WEIR_EVENT_EQUIVOCATION 7
/** A table is full; something of the peer was refused. */
#define WEIR_EVENT_FULL 8

/**
 * The peer used a key that was removed; or, with peer 0, this node used up its frame numbers and
 * is silent until it is started again with a higher boot number.
 */
#define WEIR_EVENT_KEY_EXPIRED 9
/** A member with other mesh parameters was heard and is refused. */
#define WEIR_EVENT_PARAMETERS 10
/** Learning is over: this node publishes from now on. */
#define WEIR_EVENT_LEARNED 11
/** A restart lost the last rows of this node; `value` units were restored from the other ends. */
#define WEIR_EVENT_ROLLBACK 12
/** Class of a record: any member could have written it. */
#define WEIR_CLASS_MEMBER 0
/** Class of a record: its author signed it. */
#define WEIR_CLASS_SIGNED 1
/** Kind of a record: work that arrived and is done, and the capacity of its author. */
#define WEIR_KIND_LOAD 1
/** Kind of a record: the links of its author and what moved over them. */
#define WEIR_KIND_LINKS 2
/** Kind of a record: a signed note of the application, in 256 slots. */
#define WEIR_KIND_NOTE 16
/** neighbour.flags: the radio link can be used. */
#define WEIR_NEIGHBOUR_LIVE 1
/** neighbour.flags: this node lists it. */
#define WEIR_NEIGHBOUR_LISTED 2
/** neighbour.flags: both list each other, work can be shipped. */
#define WEIR_NEIGHBOUR_UP 4
/** neighbour.flags: dropped by weir_mesh_block. */
#define WEIR_NEIGHBOUR_BLOCKED 8
/** Places in stats.refused; weir_refusal_name names those in use. */
#define WEIR_REFUSALS 24

/**
 * A network of nodes and edges that removes circulation from flows and plans how to level loads.
 *
 * It lies in storage the caller lends and keeps no pointers, so the storage may be copied away and
 * back while the handle is not in a call. One thread at a time; different handles are independent.
 */
typedef struct weir_complex weir_complex;

/**
 * One node of a mesh: what it knows, says and hears.
 *
 * It lies in storage the caller lends. One thread at a time; different handles are independent;
 * only weir_mesh_receive_isr may be called from an interrupt, at any moment. Callbacks run inside
 * the calls that name them, on the caller's thread; a callback that calls the same handle again
 * gets WEIR_ERR_BUSY, weir_mesh_receive_isr apart.
 */
typedef struct weir_mesh weir_mesh;

/** What a call came to: below 0 an error, 0 done, above 0 information. */
typedef int32_t weir_status;

/** Where a node stands in the forest. */
typedef struct weir_seat {
    /** Number of the edge to the parent, WEIR_NONE at a root. */
    uint16_t parent;
    /** Edges to the root. */
    uint16_t depth;
    /** Place of the root among the nodes. */
    uint16_t root;
    /** Least distance of the farthest node; exact at a root. */
    uint16_t reach;
} weir_seat;

/** How large a forest is. Set `size` before the call. */
typedef struct weir_forest {
    /** Size of this struct as the caller was compiled. */
    uint32_t size;
    /** Edges of all trees. */
    uint16_t branches;
    /** Edges that are up and have an open end. */
    uint16_t links;
    /** Depth of the deepest tree. */
    uint16_t depth;
    /** Largest distance that was met: the diameter, or a little less. */
    uint16_t width;
} weir_forest;

/** Parameters of diffusion. Set `size` before the call. */
typedef struct weir_pace {
    /** Size of this struct as the caller was compiled. */
    uint32_t size;
    /** Share of a difference that the first step moves, Q30. */
    int32_t first;
    /** Share of a difference that later steps move, Q30. */
    int32_t gain;
    /** Share of the last flow that is moved again, Q30. */
    int32_t momentum;
    /** What is left of an imbalance after a step in the long run, Q30. */
    int32_t factor;
    /** The largest capacity. */
    uint16_t capacity;
    /** Zero. */
    uint16_t reserved;
} weir_pace;

/** Bytes of what a firmware sends to level. */
typedef struct weir_sizes {
    /** A changed load with its node and version. */
    uint16_t entry;
    /** A subtotal or a total of a sweep. */
    uint16_t sum;
    /** A load told to a neighbour. */
    uint16_t value;
    /** Zero. */
    uint16_t reserved;
} weir_sizes;

/** What a way of levelling costs without loss. */
typedef struct weir_cost {
    /** Messages over one edge. */
    uint64_t messages;
    /** Bytes of those messages. */
    uint64_t bytes;
    /** Synchronous rounds. */
    uint32_t steps;
    /** Zero. */
    uint32_t reserved;
} weir_cost;

/** What a branch tells its parent. */
typedef struct weir_sweep_up {
    /** The round it belongs to; 0 is none. */
    uint32_t turn;
    /** Capacity of the branch. */
    uint32_t capacity;
    /** Load of the branch. */
    int64_t load;
} weir_sweep_up;

/** What a parent tells a branch. */
typedef struct weir_sweep_down {
    /** The round it belongs to; 0 is none. */
    uint32_t turn;
    /** Capacity of the component. */
    uint32_t capacity;
    /** Capacity before this branch in the order of the tree. */
    uint32_t before;
    /** Zero. */
    uint32_t reserved;
    /** Load of the component. */
    int64_t total;
} weir_sweep_down;

/**
 * What both ends of an edge remember of diffusion. All zero before the first round, and after the
 * edge was down.
 */
typedef struct weir_channel {
    /** The last flow, in units of 2^-12. */
    int64_t last;
    /** What rounding left, in the same unit. */
    int32_t rest;
    /** 1 after the first round. */
    uint32_t begun;
} weir_channel;

/** The two ends of an edge, the one with the smaller id first. */
typedef struct weir_ends {
    /** Loads. */
    int32_t load[2];
    /** Capacities. */
    uint16_t capacity[2];
} weir_ends;

/** How a complex is made. Copied. Start from WEIR_COMPLEX_CONFIG_DEFAULT. */
typedef struct weir_complex_config {
    /** Set by the default, never by hand. */
    const uint8_t *abi;
    /** Size of this struct as the caller was compiled. */
    uint32_t size;
    /** Most nodes, 1..=65535. */
    uint16_t max_nodes;
    /** Most edges, 1..=32767. */
    uint16_t max_edges;
    /** Most triangles. */
    uint16_t max_triangles;
    /**
     * Room of the factors, entries per node, 1..=65535; 4 suits radio meshes of degree 7. With
     * less, solving takes more passes and gives the same bits.
     */
    uint16_t fill;
    /** WEIR_COMPLEX_NAMED_ONLY, WEIR_COMPLEX_FOR_MESH, or 0. */
    uint32_t flags;
} weir_complex_config;

/** A number in Q16.16: raw 65536 is 1.0. */
typedef int32_t weir_q16;

/** What settling found. Set `size` before the call. */
typedef struct weir_complex_report {
    /** Size of this struct as the caller was compiled. */
    uint32_t size;
    /** Nodes. */
    uint16_t nodes;
    /** Edges. */
    uint16_t edges;
    /** Triangles. */
    uint16_t triangles;
    /** Independent cycles that no triangles fill. */
    uint16_t cycles;
    /** Largest magnitude of curl in the given flow, raw Q16.16. */
    uint32_t curl_before;
    /** Passes of refinement; 0 if the flow was free of curl. */
    uint32_t passes;
    /** WEIR_COMPLEX_UNCERTIFIED or 0. */
    uint32_t flags;
} weir_complex_report;

/**
 * Everything a node needs from its host. Copied at init; `ctx` of the config is handed to each
 * call as it is and must stay valid until deinit.
 */
typedef struct weir_mesh_port {
    /** Size of this struct as the caller was compiled. */
    uint32_t size;
    /**
     * Queue one frame for everyone in range; must not block. WEIR_ERR_BUSY: it will be offered
     * again. Any other result counts as sent: a lost frame is no error in a mesh.
     */
    weir_status (*transmit)(void *ctx, const uint8_t *frame, size_t len);
    /** Fill `out` with unpredictable bytes. Anything but WEIR_OK: the node refuses to start. */
    weir_status (*entropy)(void *ctx, uint8_t *out, size_t len);
    /** Optional: sign a message for this node. Anything but WEIR_OK: it cannot. */
    weir_status (*sign)(void *ctx, const uint8_t *message, size_t len, uint8_t *signature);
    /**
     * Optional: check the 64-byte signature of `author`. WEIR_OK: it is good; anything else: it is
     * not. Without it, signed records are refused.
     */
    weir_status (*verify)(void *ctx,
                          uint16_t author,
                          const uint8_t *message,
                          size_t len,
                          const uint8_t *signature);
} weir_mesh_port;

/**
 * How a node is made. Copied. Start from WEIR_MESH_CONFIG_DEFAULT; set id, boot, port and ctx.
 */
typedef struct weir_mesh_config {
    /** Set by the default, never by hand. */
    const uint8_t *abi;
    /** Size of this struct as the caller was compiled. */
    uint32_t size;
    /**
     * Number of starts of this node, raised and stored by the firmware before init. 0: none is
     * kept, a random session is drawn; see docs/security.md for what that costs.
     */
    uint32_t boot;
    /** The mesh. Nodes of different meshes ignore each other. */
    uint64_t mesh_id;
    /** This node, 1..=65534, unique in the mesh by provisioning. */
    uint16_t id;
    /** Mesh parameter, equal on all nodes: most nodes, 2..=128. */
    uint16_t max_nodes;
    /** Mesh parameter, equal on all nodes: most links of a node, 1..=46. */
    uint16_t max_degree;
    /**
     * Mesh parameter, equal on all nodes: room of the factor, entries per node, 1..=max_nodes.
     */
    uint16_t fill;
    /** Places for neighbours, max_degree..=1024; more are refused while all are in use. */
    uint16_t max_neighbours;
    /** Frames that may wait between two polls, 1..=1024. */
    uint16_t inbox_frames;
    /** Largest frame the radio carries, 80..=1024 bytes. */
    uint16_t frame_max;
    /** Places for signed records of all authors, 0..=1024. */
    uint16_t signed_records;
    /** Longest payload of a signed record, 0..=512 bytes; equal on all nodes. */
    uint16_t signed_bytes;
    /** Zero. */
    uint16_t reserved;
    /**
     * A queue is told again when it changed by more than this many units; 0: every change is told.
     */
    uint32_t gate;
    /** Smallest interval of beacons after a change, 4..=2^28 ms. */
    uint32_t trickle_min_ms;
    /**
     * Longest time without a beacon, 4..=2^28 ms. A link is down after six times this in silence.
     */
    uint32_t heartbeat_max_ms;
    /** Shortest time between two changes of this node's ends of links, 0..=2^28 ms. */
    uint32_t link_hold_ms;
    /** How long a start looks for this node's own last records, 4..=2^28 ms. */
    uint32_t learn_ms;
    /** Doublings of the interval of beacons while nothing changes, 0..=24. */
    uint8_t trickle_doublings;
    /** Beacons that make an own one superfluous; 0: always speak. */
    uint8_t trickle_k;
    /** Zero. */
    uint16_t reserved2;
    /** What the host provides. Copied at init. */
    const struct weir_mesh_port *port;
    /** Handed to every callback. Borrowed until deinit. */
    void *ctx;
} weir_mesh_config;

/** The work of one node. Set `size` before the call. Units are the caller's. */
typedef struct weir_mesh_load {
    /** Size of this struct as the caller was compiled. */
    uint32_t size;
    /** Units waiting here; negative if more was given away than was there. */
    int32_t queued;
    /** Units that ever arrived here from outside. */
    int64_t injected;
    /** Units ever done here. */
    int64_t done;
    /** Units shipped from here and not yet taken. */
    uint32_t in_flight;
    /** Weight of this node; 0 accepts nothing. */
    uint16_t capacity;
    /** Zero. */
    uint16_t reserved;
} weir_mesh_load;

/**
 * What the records say of the whole mesh. Nodes with equal digests have equal values, `agreed` and
 * `learning` apart. Set `size` before the call.
 */
typedef struct weir_mesh_state {
    /** Size of this struct as the caller was compiled. */
    uint32_t size;
    /** WEIR_STATE_... */
    uint32_t flags;
    /** Digest of the records. */
    uint64_t digest;
    /** Units that ever arrived: done + queued + in_flight. */
    int64_t arrived;
    /** Units done. */
    int64_t done;
    /** Units waiting. */
    int64_t queued;
    /** Units shipped and not yet taken, as far as these records tell. */
    int64_t in_flight;
    /** Largest circulation round a triangle in the flows as they were shipped, in units. */
    uint32_t circulation_before;
    /** The same once reconciled: 0. */
    uint32_t circulation_after;
    /** Largest distance of a node from its share, in units, before the plan. */
    uint32_t imbalance;
    /** Records held. */
    uint16_t records;
    /** Nodes that wrote them. */
    uint16_t nodes;
    /** Links that both ends list. */
    uint16_t edges;
    /** Triangles they make. */
    uint16_t triangles;
    /** 1: the last beacon of every live neighbour showed this digest, and there is one. */
    uint8_t agreed;
    /** 1: this node publishes nothing yet. */
    uint8_t learning;
    /** Zero. */
    uint16_t reserved;
} weir_mesh_state;

/** Units to hand to a neighbour. */
typedef struct weir_shipment {
    /** The neighbour. */
    uint16_t to;
    /** Zero. */
    uint16_t reserved;
    /** Units. */
    uint32_t amount;
} weir_shipment;

/** When to poll again. Set `size` before the call. */
typedef struct weir_mesh_due {
    /** Size of this struct as the caller was compiled. */
    uint32_t size;
    /** WEIR_DUE_MORE, WEIR_DUE_SNAPSHOT, WEIR_DUE_LEARNING. */
    uint32_t flags;
    /** The latest moment of the next poll. Earlier is harmless; later delays agreement. */
    uint64_t next_ms;
    /** Until when the radio must listen; WEIR_NEVER: all the time. */
    uint64_t listen_until_ms;
} weir_mesh_due;

/**
 * How the parts of a flow came out. Set `size` before the call. Norms are Euclidean, in raw
 * Q16.16, rounded down.
 */
typedef struct weir_complex_parts {
    /** Size of this struct as the caller was compiled. */
    uint32_t size;
    /** Most passes of refinement. */
    uint32_t passes;
    /** WEIR_COMPLEX_UNCERTIFIED or 0. */
    uint32_t flags;
    /** Independent cycles that no triangles fill. */
    uint32_t cycles;
    /** Norm of the flow. */
    uint64_t norm;
    /** Norm of the part that runs downhill. */
    uint64_t gradient_norm;
    /** Norm of the part that goes round triangles. */
    uint64_t circulation_norm;
    /** Norm of the part that goes round holes. */
    uint64_t harmonic_norm;
} weir_complex_parts;

/** How triangles were relaxed. Set `size` before the call. */
typedef struct weir_relax_report {
    /** Size of this struct as the caller was compiled. */
    uint32_t size;
    /** Sweeps that were made. */
    uint16_t sweeps;
    /** Triangles that keep curl because an edge is at the end of its range. */
    uint16_t held;
    /** Largest magnitude of curl that is left, raw Q16.16. */
    uint64_t curl_max;
} weir_relax_report;

/** What a vertex knows of one of its edges. */
typedef struct weir_across {
    /** Last known potential of the other end, in units of 2^-24 raw Q16.16. */
    int64_t potential;
    /** Flow on the edge towards this vertex, raw Q16.16. */
    weir_q16 inflow;
    /** Zero. */
    uint32_t reserved;
} weir_across;

/** One event. Set `size` before the call. */
typedef struct weir_mesh_event {
    /** Size of this struct as the caller was compiled. */
    uint32_t size;
    /** WEIR_EVENT_... */
    uint16_t code;
    /** The node it is about, or 0. */
    uint16_t peer;
    /** A number that the code explains. */
    int32_t value;
    /** Kind of the record it is about, or 0. */
    uint8_t kind;
    /** Slot of that record. */
    uint8_t slot;
    /** Zero. */
    uint16_t reserved;
} weir_mesh_event;

/**
 * One record. Set `size` before the call. The pointers are good until the next call on the handle.
 */
typedef struct weir_record {
    /** Size of this struct as the caller was compiled. */
    uint32_t size;
    /** Its writer. */
    uint16_t author;
    /** WEIR_KIND_... */
    uint8_t kind;
    /** Which of the author's records of this kind. */
    uint8_t slot;
    /** Its version: boot of the author. */
    uint32_t boot;
    /** Its version: writes of the author. */
    uint32_t counter;
    /** The hash that adds up to the digest. */
    uint64_t hash;
    /** Its value. */
    const uint8_t *payload;
    /** Its 64-byte signature, NULL if the kind is not signed. */
    const uint8_t *signature;
    /** Bytes of the value. */
    uint16_t len;
    /** WEIR_CLASS_... */
    uint8_t record_class;
    /** Zero. */
    uint8_t reserved;
} weir_record;

/** One neighbour. Set `size` before the call. */
typedef struct weir_neighbour {
    /** Size of this struct as the caller was compiled. */
    uint32_t size;
    /** Its id. */
    uint16_t id;
    /** WEIR_NEIGHBOUR_... */
    uint8_t flags;
    /** Signal strength of its last frame. */
    int8_t rssi_dbm;
    /** Digest of its last beacon. */
    uint64_t digest;
    /** Milliseconds since it was heard. */
    uint32_t silent_ms;
    /** Zero. */
    uint32_t reserved;
} weir_neighbour;

/** What a node counted since init. Set `size` before the call. */
typedef struct weir_mesh_stats {
    /** Size of this struct as the caller was compiled. */
    uint32_t size;
    /** Frames handed to the radio. */
    uint32_t frames_sent;
    /** Bytes of those. */
    uint64_t bytes_sent;
    /** Bytes of frames heard. */
    uint64_t bytes_received;
    /** Frames heard. */
    uint32_t frames_received;
    /** Beacons among the frames sent. */
    uint32_t beacons_sent;
    /** Records that were newer than those held. */
    uint32_t records_merged;
    /** Versions of own records that were written. */
    uint32_t records_written;
    /** Changes of own ends of links. */
    uint32_t link_changes;
    /** Frames the radio was too busy for. */
    uint32_t busy;
    /** Events dropped because nobody read them. */
    uint32_t events_lost;
    /** Frames dropped because the inbox was full, or too long for it. */
    uint32_t inbox_dropped;
    /** Clock readings that went backwards. */
    uint32_t backwards;
    /** Zero. */
    uint32_t reserved;
    /** Frames and records refused, by reason: weir_refusal_name(0), (1), ... */
    uint32_t refused[WEIR_REFUSALS];
} weir_mesh_stats;

/** Done. */
#define WEIR_OK 0
/** Not yet: the node is still learning what it published before; nothing changed. */
#define WEIR_PENDING 1
/** There is nothing more to give. */
#define WEIR_END 2
/** A required pointer is NULL. */
#define WEIR_ERR_NULL (-1)
/** An argument or a field of a struct is outside its range. */
#define WEIR_ERR_RANGE (-2)
/** Storage is too small or not aligned to 8 bytes. */
#define WEIR_ERR_STORAGE (-3)
/** A struct does not begin as its default or its size says it should. */
#define WEIR_ERR_ABI (-4)
/** The handle is not initialised, or this call is not allowed now. */
#define WEIR_ERR_STATE (-5)
/** The handle is in a call already: called back from a callback, or from another thread. */
#define WEIR_ERR_BUSY (-6)
/** A capacity chosen at init is used up. */
#define WEIR_ERR_FULL (-7)
/** The entropy callback failed; nothing was done. */
#define WEIR_ERR_ENTROPY (-9)

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Ties a caller to this epoch of the binary interface: `..._CONFIG_DEFAULT` stores its address, so
 * a program compiled for another epoch does not link with this archive.
 */
extern const uint8_t weir_abi_epoch_1;

/**
 * weir_version returns the version of this archive as text, such as "0.1.0". The text is static.
 */
const char *weir_version(void);

/**
 * weir_status_name returns the name of a status, such as "WEIR_ERR_RANGE". The text is static.
 */
const char *weir_status_name(weir_status status);

/**
 * weir_complex_seat finds the spanning forest that carries messages with the fewest rounds:
 * breadth-first from the centre of each component of the edges that are up. `up` holds one byte
 * per edge, 0 for an edge that is down, or is NULL; `capacity` one weight per node, or is NULL.
 * Nodes of capacity 0 are leaves. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: `nodes` is not the number of
 * nodes; WEIR_ERR_ABI: `forest->size` is too small.
 */
WEIR_CHECK_RESULT
weir_status weir_complex_seat(struct weir_complex *map,
                              const uint8_t *up,
                              const uint16_t *capacity,
                              struct weir_seat *seats,
                              size_t nodes,
                              struct weir_forest *forest);

/**
 * weir_complex_pace finds how fast diffusion may go on the forest that weir_complex_seat found for
 * the same `up` and `capacity`. `work` is memory for 2 numbers per node. Needed again when an edge
 * comes up, not when one goes down. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: a length is not that of the
 * complex, or capacities are too unequal or the network too long; WEIR_ERR_ABI: `pace->size` is
 * too small.
 */
WEIR_CHECK_RESULT
weir_status weir_complex_pace(struct weir_complex *map,
                              const uint8_t *up,
                              const uint16_t *capacity,
                              const struct weir_seat *seats,
                              size_t nodes,
                              int64_t *work,
                              struct weir_pace *pace);

/**
 * weir_balance_choose predicts what every way of levelling costs after `changed` nodes changed
 * their load, and names the one with the fewest bytes among those whose bit `1 << way` is set in
 * `among`. `halvings` is how often diffusion must halve an imbalance, 16 for a thousandth of 50.0.
 * `pace` may be NULL, then diffusion is not considered; `sizes` may be NULL for 8 bytes of an
 * entry or a sum and 4 of a load; `cost` is NULL or gets WEIR_BALANCE_WAYS values. Context: any.
 *
 * WEIR_ERR_NULL; WEIR_ERR_ABI: a size is too small; WEIR_ERR_RANGE: `among` names no way that can
 * be considered.
 */
WEIR_CHECK_RESULT
weir_status weir_balance_choose(const struct weir_forest *forest,
                                const struct weir_pace *pace,
                                uint16_t changed,
                                uint8_t halvings,
                                uint32_t among,
                                const struct weir_sizes *sizes,
                                struct weir_cost *cost,
                                uint32_t *way);

/**
 * weir_sweep_gather gives what a node sends to its parent in round `turn`: its own load and
 * capacity and what its children sent. WEIR_PENDING: a child has not sent in this round. At the
 * root the sum is the total. Context: any.
 *
 * WEIR_ERR_NULL; WEIR_ERR_RANGE: `turn` is 0, or a sum is beyond 2^47.
 */
WEIR_CHECK_RESULT
weir_status weir_sweep_gather(uint32_t turn,
                              int32_t load,
                              uint16_t capacity,
                              const struct weir_sweep_up *children,
                              size_t count,
                              struct weir_sweep_up *up);

/**
 * weir_sweep_pass gives what a node tells its child number `index`, given what it was told itself;
 * the root passes on what it tells itself: its own sum as total and capacity, 0 before. Children
 * stand in ascending order of ids. Context: any.
 *
 * WEIR_ERR_NULL; WEIR_ERR_RANGE: there is no such child, or messages are of different rounds.
 */
WEIR_CHECK_RESULT
weir_status weir_sweep_pass(const struct weir_sweep_down *told,
                            uint16_t capacity,
                            const struct weir_sweep_up *children,
                            size_t count,
                            size_t index,
                            struct weir_sweep_down *down);

/**
 * weir_sweep_flow gives what the edge between a branch and its parent carries upwards, below zero
 * downwards, from the two messages that crossed it. Both ends compute the same. Context: any.
 *
 * WEIR_ERR_NULL; WEIR_ERR_RANGE: the messages are of different rounds, or not of one tree.
 */
WEIR_CHECK_RESULT
weir_status weir_sweep_flow(const struct weir_sweep_up *up,
                            const struct weir_sweep_down *down,
                            int64_t *flow);

/**
 * weir_diffusion_step gives what an edge carries in this round, positive from its end with the
 * smaller id, and advances `channel`. Both ends call it with the same loads, those that were told.
 * Nothing moves where a capacity is 0. Context: any.
 *
 * WEIR_ERR_NULL; WEIR_ERR_ABI: `pace->size` is too small; WEIR_ERR_RANGE: a capacity is above the
 * largest of the pace.
 */
WEIR_CHECK_RESULT
weir_status weir_diffusion_step(struct weir_channel *channel,
                                const struct weir_ends *ends,
                                const struct weir_pace *pace,
                                int32_t *flow);

/**
 * weir_complex_config_default writes WEIR_COMPLEX_CONFIG_DEFAULT to `out`, for callers that cannot
 * use the macro. NULL is ignored.
 */
void weir_complex_config_default(struct weir_complex_config *out);

/**
 * weir_complex_storage_size returns how many bytes a complex of this config needs, 0 if the config
 * is not valid.
 */
size_t weir_complex_storage_size(const struct weir_complex_config *config);

/**
 * weir_complex_init makes an empty complex in `storage` and gives its handle.
 * The storage belongs to the complex until deinit and need not be cleared before. Context: thread.
 *
 * WEIR_ERR_NULL; WEIR_ERR_ABI: config not made from the default; WEIR_ERR_RANGE: a capacity is 0
 * or too large; WEIR_ERR_STORAGE: too short or not aligned to 8 bytes.
 */
WEIR_CHECK_RESULT
weir_status weir_complex_init(struct weir_complex **out,
                              void *storage,
                              size_t storage_len,
                              const struct weir_complex_config *config);

/**
 * weir_complex_reset forgets all nodes, edges and triangles. Context: thread.
 *
 * WEIR_ERR_NULL; WEIR_ERR_STATE: not initialised, or attached to a mesh; WEIR_ERR_BUSY.
 */
WEIR_CHECK_RESULT weir_status weir_complex_reset(struct weir_complex *map);

/**
 * weir_complex_deinit gives the storage back to the caller, all zero. Context: thread.
 *
 * WEIR_ERR_NULL; WEIR_ERR_STATE: not initialised, or attached to a mesh; WEIR_ERR_BUSY.
 */
WEIR_CHECK_RESULT weir_status weir_complex_deinit(struct weir_complex *map);

/**
 * weir_complex_add_node adds node `id`; one that is there stays. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_FULL: max_nodes reached.
 */
WEIR_CHECK_RESULT weir_status weir_complex_add_node(struct weir_complex *map, uint16_t id);

/**
 * weir_complex_add_edge joins nodes `a` and `b`, in either order; an edge that is there stays.
 * Every three pairwise joined nodes become a triangle unless the config says otherwise. Context:
 * thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: a equals b, or a node is not
 * there; WEIR_ERR_FULL: max_edges or max_triangles reached.
 */
WEIR_CHECK_RESULT
weir_status weir_complex_add_edge(struct weir_complex *map,
                                  uint16_t a,
                                  uint16_t b);

/**
 * weir_complex_remove_node removes node `id`, its edges and their triangles. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: there is no such node.
 */
WEIR_CHECK_RESULT weir_status weir_complex_remove_node(struct weir_complex *map, uint16_t id);

/**
 * weir_complex_remove_edge removes the edge between `a` and `b` and its triangles. Context:
 * thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: there is no such edge.
 */
WEIR_CHECK_RESULT
weir_status weir_complex_remove_edge(struct weir_complex *map,
                                     uint16_t a,
                                     uint16_t b);

/**
 * weir_complex_add_triangle fills the triangle of three joined nodes; one that is there stays.
 * Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: a node repeats, or two are not
 * joined; WEIR_ERR_FULL: max_triangles reached.
 */
WEIR_CHECK_RESULT
weir_status weir_complex_add_triangle(struct weir_complex *map,
                                      uint16_t a,
                                      uint16_t b,
                                      uint16_t c);

/**
 * weir_complex_get_edge gives the ends of the edge with this number, the smaller id first. Edges
 * are numbered from 0 in ascending order of (smaller id, larger id); flows are arrays in this
 * order, and positive flow goes from the smaller id to the larger. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_END: there are no more edges.
 */
WEIR_CHECK_RESULT
weir_status weir_complex_get_edge(struct weir_complex *map,
                                  size_t index,
                                  uint16_t *a,
                                  uint16_t *b);

/**
 * weir_complex_settle removes from `flow` everything that goes round triangles and writes the rest
 * to `out`: the closest flow without curl, each edge less than one raw unit off for a complex
 * without unfilled cycles, the same bits on every machine. Both arrays hold `edges` values in the
 * order of weir_complex_get_edge and must not overlap. `report` may be NULL. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: `edges` is not the number of
 * edges, a result does not fit, the complex is too long and thin, or the arrays are one;
 * WEIR_ERR_FULL: the parts do not fit; WEIR_ERR_ABI: `report->size` is too small.
 */
WEIR_CHECK_RESULT
weir_status weir_complex_settle(struct weir_complex *map,
                                const weir_q16 *flow,
                                weir_q16 *out,
                                size_t edges,
                                struct weir_complex_report *report);

/**
 * weir_complex_plan writes to `flow` what each edge must carry so that load over capacity is equal
 * on all nodes that edges connect. Loads and capacities are in ascending order of node ids;
 * `capacity` may be NULL for equal ones; capacity 0 accepts nothing. Flows are in the order of
 * weir_complex_get_edge, in the unit of the loads. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: a length is not the number of
 * nodes or edges, or a flow does not fit; WEIR_ERR_FULL: the parts do not fit.
 */
WEIR_CHECK_RESULT
weir_status weir_complex_plan(struct weir_complex *map,
                              const int32_t *load,
                              const uint16_t *capacity,
                              size_t nodes,
                              int32_t *flow,
                              size_t edges);

/**
 * weir_mesh_complex_config writes to `out` the config of the complex that a node of this config
 * needs.
 *
 * WEIR_ERR_NULL; WEIR_ERR_ABI: `config` not made from the default.
 */
WEIR_CHECK_RESULT
weir_status weir_mesh_complex_config(const struct weir_mesh_config *config,
                                     struct weir_complex_config *out);

/**
 * weir_mesh_attach_complex lends a complex to a node, which from then on knows the network of
 * links and can plan. While attached, the other calls that change the complex return
 * WEIR_ERR_STATE. Detach, or give the node back, before giving the complex back. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_BUSY; WEIR_ERR_STATE: one of them is not initialised or attached
 * already; WEIR_ERR_RANGE: the complex is not of the shape that weir_mesh_complex_config gives.
 */
WEIR_CHECK_RESULT
weir_status weir_mesh_attach_complex(struct weir_mesh *mesh,
                                     struct weir_complex *map);

/**
 * weir_mesh_detach_complex gives the complex back to the caller. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_BUSY; WEIR_ERR_STATE: not initialised, or nothing is attached.
 */
WEIR_CHECK_RESULT weir_status weir_mesh_detach_complex(struct weir_mesh *mesh);

/**
 * weir_mesh_set_load says how many units wait at this node now; what arrived follows from it. For
 * callers that know their queue and nothing else. Context: thread.
 *
 * WEIR_PENDING: still learning, nothing changed; WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY.
 */
WEIR_CHECK_RESULT weir_status weir_mesh_set_load(struct weir_mesh *mesh, int32_t queued);

/**
 * weir_mesh_set_work says how many units ever arrived at this node from outside and how many it
 * ever finished, over all its starts: go on from weir_mesh_get_load after a restart. What waits
 * follows from these and from what was shipped. Context: thread.
 *
 * WEIR_PENDING: still learning, nothing changed; WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY.
 */
WEIR_CHECK_RESULT
weir_status weir_mesh_set_work(struct weir_mesh *mesh,
                               int64_t injected,
                               int64_t done);

/**
 * weir_mesh_set_capacity sets the weight of this node: the plan makes units over weight equal.
 * 0 accepts nothing and passes nothing on. It is 1 at first. Context: thread.
 *
 * WEIR_PENDING: still learning, nothing changed; WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY.
 */
WEIR_CHECK_RESULT weir_status weir_mesh_set_capacity(struct weir_mesh *mesh, uint16_t capacity);

/**
 * weir_mesh_get_load gives the work of this node as its records will say. Context: thread.
 *
 * WEIR_PENDING: still learning, nothing is known yet; WEIR_ERR_NULL, WEIR_ERR_STATE,
 * WEIR_ERR_BUSY; WEIR_ERR_ABI: `out->size` is too small.
 */
WEIR_CHECK_RESULT
weir_status weir_mesh_get_load(struct weir_mesh *mesh,
                               struct weir_mesh_load *out);

/**
 * weir_mesh_get_received gives the units taken from neighbours since the last call of this
 * function: they are queued here now. Negative: a neighbour took something back. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY.
 */
WEIR_CHECK_RESULT weir_status weir_mesh_get_received(struct weir_mesh *mesh, int32_t *amount);

/**
 * weir_mesh_settle works out, from the records this node holds, the network, the circulation and
 * the plan, unless it did so for these records before. Own rows that changed beyond the gate are
 * written first, so that their next version is on its way. `out` may be NULL. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_BUSY; WEIR_ERR_STATE: not initialised, or no complex attached;
 * WEIR_ERR_ABI: `out->size` is too small.
 */
WEIR_CHECK_RESULT weir_status weir_mesh_settle(struct weir_mesh *mesh, struct weir_mesh_state *out);

/**
 * weir_mesh_plan settles and gives what this node should hand to which neighbour now, no more than
 * it has: `count` shipments, ascending by neighbour, at most `cap`. Nothing moves before
 * weir_mesh_ship. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_BUSY; WEIR_ERR_STATE: not initialised, or no complex attached.
 */
WEIR_CHECK_RESULT
weir_status weir_mesh_plan(struct weir_mesh *mesh,
                           struct weir_shipment *out,
                           size_t cap,
                           size_t *count);

/**
 * weir_mesh_ship hands `amount` units to a neighbour. They leave this node's queue at once and
 * enter the neighbour's when it hears of them, exactly once whatever is lost or repeated on the
 * air. Until then they are in flight. Context: thread.
 *
 * WEIR_PENDING: still learning; WEIR_ERR_NULL, WEIR_ERR_BUSY; WEIR_ERR_STATE: not initialised, or
 * the link is not up; WEIR_ERR_RANGE: more than is queued. Nothing changed.
 */
WEIR_CHECK_RESULT weir_status weir_mesh_ship(struct weir_mesh *mesh, uint16_t to, uint32_t amount);

/**
 * weir_mesh_config_default writes WEIR_MESH_CONFIG_DEFAULT to `out`, for callers that cannot use
 * the macro. NULL is ignored.
 */
void weir_mesh_config_default(struct weir_mesh_config *out);

/**
 * weir_mesh_storage_size returns how many bytes a node of this config needs, 0 if the config is
 * not valid. `port` and `ctx` do not matter.
 */
size_t weir_mesh_storage_size(const struct weir_mesh_config *config);

/**
 * weir_mesh_init makes a node in `storage` and gives its handle. It is silent until it has a key.
 * The storage belongs to the node until deinit and need not be cleared before. Context: thread.
 *
 * WEIR_ERR_NULL: a pointer, port, transmit or entropy; WEIR_ERR_ABI: config or port not of this
 * epoch or size; WEIR_ERR_RANGE: a field is outside its range; WEIR_ERR_STORAGE: too short or not
 * aligned to 8.
 */
WEIR_CHECK_RESULT
weir_status weir_mesh_init(struct weir_mesh **out,
                           void *storage,
                           size_t storage_len,
                           const struct weir_mesh_config *config);

/**
 * weir_mesh_reset forgets records, neighbours and keys and keeps the config; the node starts again
 * as after init. Raise the boot number instead if it has ever sent a frame. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: `boot` is not higher than before,
 * unless both are 0.
 */
WEIR_CHECK_RESULT weir_status weir_mesh_reset(struct weir_mesh *mesh, uint32_t boot);

/**
 * weir_mesh_deinit detaches the complex and gives the storage back to the caller, all zero: keys
 * are gone. The interrupt that calls weir_mesh_receive_isr must be off. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY.
 */
WEIR_CHECK_RESULT weir_status weir_mesh_deinit(struct weir_mesh *mesh);

/**
 * weir_mesh_set_key puts a mesh key into one of four slots, of which two may hold one at a time,
 * and says how long a tag is under it: 8 or 16 bytes, equal on all nodes. The first key seals what
 * this node sends. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: slot, tag length, or a third live
 * key.
 */
WEIR_CHECK_RESULT
weir_status weir_mesh_set_key(struct weir_mesh *mesh,
                              uint8_t slot,
                              const uint8_t *key,
                              uint8_t tag_len);

/**
 * weir_mesh_set_sending_key chooses the key that seals what this node sends. To change the key of
 * a running mesh: set the new one on all nodes, then choose it on all, then remove the old one.
 * Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: the slot holds no key.
 */
WEIR_CHECK_RESULT weir_status weir_mesh_set_sending_key(struct weir_mesh *mesh, uint8_t slot);

/**
 * weir_mesh_remove_key wipes a key that is not the sending one. Frames under it are refused from
 * now on and raise WEIR_EVENT_KEY_EXPIRED. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: no key there, or it is the sending
 * one.
 */
WEIR_CHECK_RESULT weir_status weir_mesh_remove_key(struct weir_mesh *mesh, uint8_t slot);

/**
 * weir_mesh_receive_isr copies a received frame into the inbox, to be looked at by the next poll.
 * Wait-free, constant time but for the copy. Context: ISR or thread, one at a time; allowed inside
 * callbacks.
 *
 * WEIR_ERR_NULL; WEIR_ERR_STATE: not initialised; WEIR_ERR_RANGE: empty or longer than frame_max,
 * counted; WEIR_ERR_FULL: inbox full, the frame is dropped and counted.
 */
WEIR_CHECK_RESULT
weir_status weir_mesh_receive_isr(struct weir_mesh *mesh,
                                  const uint8_t *frame,
                                  size_t len,
                                  int8_t rssi_dbm);

/**
 * weir_mesh_poll does what is due: hears the frames in the inbox, learns, publishes, speaks; a
 * bounded amount of work. Call it after frames came in, after other calls that changed something,
 * and at `due->next_ms`. Time going backwards counts as no time passed. `due` may be NULL.
 * Context: thread; calls transmit, entropy and verify.
 *
 * WEIR_ERR_NULL, WEIR_ERR_BUSY; WEIR_ERR_STATE: not initialised, or no key was set; WEIR_ERR_ABI:
 * `due->size` is too small; WEIR_ERR_ENTROPY: nothing was done.
 */
WEIR_CHECK_RESULT
weir_status weir_mesh_poll(struct weir_mesh *mesh,
                           uint64_t now_ms,
                           struct weir_mesh_due *due);

/**
 * weir_mesh_resume declares that it is now `now_ms`, whatever was said before, and that no time
 * passed: for clocks that start again after deep sleep. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY.
 */
WEIR_CHECK_RESULT weir_status weir_mesh_resume(struct weir_mesh *mesh, uint64_t now_ms);

/**
 * weir_mesh_block drops all frames from node `id` and ignores its link, or stops doing so: a hook
 * for tests and for walls. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_FULL: no place to remember it.
 */
WEIR_CHECK_RESULT weir_status weir_mesh_block(struct weir_mesh *mesh, uint16_t id, uint8_t blocked);

/**
 * weir_mesh_leave says goodbye at the next poll, so that neighbours take the links down at once.
 * Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY.
 */
WEIR_CHECK_RESULT weir_status weir_mesh_leave(struct weir_mesh *mesh);

/**
 * weir_mesh_snapshot writes this node's own records to `out`, to be kept over a restart: at most 1
 * KB without notes. Write it to flash or retention memory when due.flags has WEIR_DUE_SNAPSHOT.
 * Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: `cap` is too small.
 */
WEIR_CHECK_RESULT
weir_status weir_mesh_snapshot(struct weir_mesh *mesh,
                               uint8_t *out,
                               size_t cap,
                               size_t *len);

/**
 * weir_mesh_restore takes a snapshot of this node, after init and before the first poll. The node
 * still listens for learn_ms, in case neighbours hold something newer. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_BUSY; WEIR_ERR_STATE: not initialised, or polled or restored already;
 * WEIR_ERR_RANGE: not a whole snapshot of this node of this mesh.
 */
WEIR_CHECK_RESULT
weir_status weir_mesh_restore(struct weir_mesh *mesh,
                              const uint8_t *bytes,
                              size_t len);

/**
 * weir_mesh_record publishes a record of an application kind in one of this node's 256 slots,
 * signed by the port. Context: thread; calls sign.
 *
 * WEIR_PENDING: still learning; WEIR_ERR_NULL, WEIR_ERR_BUSY; WEIR_ERR_STATE: not initialised, or
 * the port did not sign; WEIR_ERR_RANGE: not an application kind, or longer than signed_bytes;
 * WEIR_ERR_FULL: no place.
 */
WEIR_CHECK_RESULT
weir_status weir_mesh_record(struct weir_mesh *mesh,
                             uint8_t kind,
                             uint8_t slot,
                             const uint8_t *payload,
                             size_t len);

/**
 * weir_complex_decompose splits `flow` into three parts that add up to it, to the bit: `gradient`,
 * differences of potentials of the nodes; `circulation`, what settling removes; `harmonic`, what
 * goes round holes. Gradient and harmonic part are free of curl. All arrays hold `edges` values in
 * the order of weir_complex_get_edge; none may overlap another. `report` may be NULL. Context:
 * thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: `edges` is not the number of
 * edges, the flow's norm is above 2^31 - 2^16, the complex is too long and thin, or two arrays are
 * one; WEIR_ERR_FULL: the parts of the complex do not fit; WEIR_ERR_ABI: `report->size` is too
 * small.
 */
WEIR_CHECK_RESULT
weir_status weir_complex_decompose(struct weir_complex *map,
                                   const weir_q16 *flow,
                                   weir_q16 *gradient,
                                   weir_q16 *circulation,
                                   weir_q16 *harmonic,
                                   size_t edges,
                                   struct weir_complex_parts *report);

/**
 * weir_complex_settle_trusted settles like weir_complex_settle, but moves edges the less the more
 * they are trusted: it minimises the sum of trust times squared change. `trust` holds `edges`
 * values from 1 to 255; 0 counts as 1. `report` may be NULL. Makes the factors for these weights
 * and again without, so it costs more than settling. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: `edges` is not the number of
 * edges, a result does not fit, the complex is too long and thin for these weights, or the arrays
 * are one; WEIR_ERR_FULL: the parts of the complex do not fit; WEIR_ERR_ABI: `report->size` is too
 * small.
 */
WEIR_CHECK_RESULT
weir_status weir_complex_settle_trusted(struct weir_complex *map,
                                        const weir_q16 *flow,
                                        const uint8_t *trust,
                                        weir_q16 *out,
                                        size_t edges,
                                        struct weir_complex_report *report);

/**
 * weir_complex_relax lets every triangle give back a third of its circulation, in sweeps over all
 * triangles until none moves, at most `sweeps` times. Every node's net flow stays exactly as it
 * was, the sum of squares never grows, no edge overflows, and weir_complex_settle gives the same
 * bits before and after. At rest the curl of every triangle is at most 1. `report` may be NULL.
 * Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: `edges` is not the number of
 * edges; WEIR_ERR_ABI: `report->size` is too small.
 */
WEIR_CHECK_RESULT
weir_status weir_complex_relax(struct weir_complex *map,
                               weir_q16 *flow,
                               size_t edges,
                               uint16_t sweeps,
                               struct weir_relax_report *report);

/**
 * weir_complex_get_corners groups the edges of node `id`: `corner` gets one number per edge, in
 * ascending order of the neighbours' ids. Edges with one number meet in one vertex, which has one
 * potential; an edge with WEIR_NONE is in no triangle and keeps its flow. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: there is no such node, or `edges`
 * is not the number of its edges.
 */
WEIR_CHECK_RESULT
weir_status weir_complex_get_corners(struct weir_complex *map,
                                     uint16_t id,
                                     uint16_t *corner,
                                     size_t edges,
                                     uint16_t *count);

/**
 * weir_potential_relax gives the new potential of a vertex from what it knows of its edges: the
 * mean of what they ask for, in units of 2^-24. WEIR_END: the old one may stay, nothing is
 * written. The vertex at the smaller end of a block's smallest edge keeps 0 for ever. Context:
 * any.
 *
 * WEIR_ERR_NULL; WEIR_ERR_RANGE: more than 32767 edges.
 */
WEIR_CHECK_RESULT
weir_status weir_potential_relax(int64_t own,
                                 const struct weir_across *edges,
                                 size_t count,
                                 int64_t *next);

/**
 * weir_potential_flow gives the flow of an edge from the potentials of its ends, the end with the
 * smaller id first. Both ends call it on the same two numbers. Context: any.
 *
 * WEIR_ERR_NULL; WEIR_ERR_RANGE: the flow does not fit, or a potential is at its bound of 2^62.
 */
WEIR_CHECK_RESULT weir_status weir_potential_flow(int64_t first, int64_t second, weir_q16 *flow);

/**
 * weir_mesh_next_event takes the oldest event. Sixteen wait at most; what is dropped is counted in
 * stats.events_lost. Context: thread.
 *
 * WEIR_END: none; WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_ABI: `out->size` is too
 * small.
 */
WEIR_CHECK_RESULT
weir_status weir_mesh_next_event(struct weir_mesh *mesh,
                                 struct weir_mesh_event *out);

/**
 * weir_mesh_next_record gives the records this node holds, ascending by author, kind and slot, so
 * that another program can check the mesh. Start with `*cursor` 0. Context: thread.
 *
 * WEIR_END: no more; WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_ABI: `out->size` is
 * too small.
 */
WEIR_CHECK_RESULT
weir_status weir_mesh_next_record(struct weir_mesh *mesh,
                                  uint32_t *cursor,
                                  struct weir_record *out);

/**
 * weir_mesh_get_neighbour gives one of the radios this node heard, counted from 0. Context:
 * thread.
 *
 * WEIR_END: no more; WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_ABI: `out->size` is
 * too small.
 */
WEIR_CHECK_RESULT
weir_status weir_mesh_get_neighbour(struct weir_mesh *mesh,
                                    size_t index,
                                    struct weir_neighbour *out);

/**
 * weir_mesh_get_stats gives what the node counted since init. Context: thread.
 *
 * WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_ABI: `out->size` is too small.
 */
WEIR_CHECK_RESULT
weir_status weir_mesh_get_stats(struct weir_mesh *mesh,
                                struct weir_mesh_stats *out);

/**
 * weir_refusal_name says in half a sentence what stats.refused[index] counts: "a frame or record
 * that ...". NULL if the place is not in use. The text is static.
 */
const char *weir_refusal_name(size_t index);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */

/* Storage and defaults. The *_BYTES parts are asserted in Rust beside the types they bound, and a
 * test compares every sum with weir_*_storage_size. Each macro declares an array, as a variable or as
 * a member of a struct; put `static` in front of a variable. */

/** Bytes of a complex. */
#define WEIR_COMPLEX_BYTES(nodes, edges, triangles, fill)                                          \
    (WEIR_COMPLEX_FIXED_BYTES + WEIR_COMPLEX_NODE_BYTES * (nodes) +                                \
     WEIR_COMPLEX_EDGE_BYTES * (edges) + WEIR_COMPLEX_TRIANGLE_BYTES * (triangles) +               \
     WEIR_COMPLEX_POOL_BYTES(nodes, edges, fill))
/** Bytes of what a complex computes: for solving, or for finding the parts if that is more. */
#define WEIR_COMPLEX_POOL_BYTES(nodes, edges, fill)                                                \
    ((WEIR_COMPLEX_SOLVE_BYTES + WEIR_COMPLEX_FILL_BYTES * (fill)) * (nodes) >                     \
             WEIR_COMPLEX_FIND_NODE_BYTES * (nodes) + WEIR_COMPLEX_FIND_EDGE_BYTES * (edges)       \
         ? (WEIR_COMPLEX_SOLVE_BYTES + WEIR_COMPLEX_FILL_BYTES * (fill)) * (nodes)                 \
         : WEIR_COMPLEX_FIND_NODE_BYTES * (nodes) + WEIR_COMPLEX_FIND_EDGE_BYTES * (edges))
/** Storage of a complex of its own. */
#define WEIR_COMPLEX_STORAGE(name, nodes, edges, triangles, fill)                                  \
    uint64_t name[WEIR_WORDS(WEIR_COMPLEX_BYTES(nodes, edges, triangles, fill))]

/** Edges of the complex that serves a mesh with these parameters. */
#define WEIR_MESH_EDGES(nodes, degree) ((nodes) * (degree) / 2u)
/** Triangles of that complex. */
#define WEIR_MESH_TRIANGLES(nodes, degree) (WEIR_MESH_EDGES(nodes, degree) * ((degree)-1u) / 3u)
/** Bytes of the complex that serves a mesh with these parameters. */
#define WEIR_MESH_COMPLEX_BYTES(nodes, degree, fill)                                               \
    (WEIR_COMPLEX_BYTES(nodes, WEIR_MESH_EDGES(nodes, degree), WEIR_MESH_TRIANGLES(nodes, degree), \
                        fill) +                                                                    \
     WEIR_DESK_FIXED_BYTES + WEIR_DESK_NODE_BYTES * (nodes) +                                      \
     WEIR_DESK_EDGE_BYTES * WEIR_MESH_EDGES(nodes, degree))
/** Storage of the complex that serves a mesh with these parameters. */
#define WEIR_MESH_COMPLEX_STORAGE(name, nodes, degree, fill)                                       \
    uint64_t name[WEIR_WORDS(WEIR_MESH_COMPLEX_BYTES(nodes, degree, fill))]

/** Bytes of a mesh without signed records. */
#define WEIR_MESH_BYTES(nodes, degree, neighbours, inbox_frames, frame_max)                        \
    (WEIR_MESH_FIXED_BYTES + (WEIR_MESH_NODE_BYTES + WEIR_MESH_LINK_BYTES * (degree)) * (nodes) +  \
     WEIR_MESH_NEIGHBOUR_BYTES * (neighbours) + (12u + 2u * WEIR_MESH_LINK_BYTES) * (degree) +     \
     2u * (frame_max) + ((frame_max) + 11u) * ((inbox_frames) + 1u))
/** Storage of a mesh without signed records. */
#define WEIR_MESH_STORAGE(name, nodes, degree, neighbours, inbox_frames, frame_max)                \
    uint64_t name[WEIR_WORDS(WEIR_MESH_BYTES(nodes, degree, neighbours, inbox_frames, frame_max))]

/** Further bytes of a mesh with signed records. */
#define WEIR_MESH_SIGNED(records, payload)                                                         \
    ((WEIR_MESH_SIGNED_BYTES + (payload)) * (records) + 2u * (64u + (payload)))
/** Storage of a mesh with signed records. */
#define WEIR_MESH_SIGNED_STORAGE(name, nodes, degree, neighbours, inbox_frames, frame_max,         \
                                 records, payload)                                                 \
    uint64_t name[WEIR_WORDS(WEIR_MESH_BYTES(nodes, degree, neighbours, inbox_frames, frame_max) + \
                             WEIR_MESH_SIGNED(records, payload))]

/** 16 nodes, 48 edges, 80 triangles, fill 6. */
#define WEIR_COMPLEX_CONFIG_DEFAULT                                                                \
    { &weir_abi_epoch_1, sizeof(weir_complex_config), 16, 48, 80, 6, 0 }

/** 16 nodes of 6 links, 12 neighbours, 8 frames of 250 bytes, beacons every second to 68 minutes. */
#define WEIR_MESH_CONFIG_DEFAULT                                                                   \
    { &weir_abi_epoch_1, sizeof(weir_mesh_config), 0, 0x77656972u, 0, 16, 6, 6, 12, 8,   \
      250, 0, 0, 0, 0, 1000, 3600000, 30000, 5000, 12, 2, 0, NULL, NULL }

#endif  /* WEIR_H */
