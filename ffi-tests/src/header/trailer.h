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
