/* The names and numbers of the library that belong to no handle. */
#include "trace.h"

unsigned trace_library(struct trace *trace)
{
    weir_complex_config complex;
    weir_mesh_config mesh;
    weir_status status;
    size_t at;

    for (status = -16; status <= 16; status++) {
        note_text(trace, weir_status_name(status));
    }
    note_text(trace, weir_status_name(INT32_MIN));
    note_text(trace, weir_status_name(INT32_MAX));
    for (at = 0; at < WEIR_REFUSALS + 2u; at++) {
        const char *name = weir_refusal_name(at);
        note(trace, name != NULL);
        note_text(trace, name ? name : "");
    }
    note(trace, weir_refusal_name(SIZE_MAX) != NULL);
    chapter(trace, "names");

    /* The version itself stays out: a release changes it and nothing else. */
    CHECK(strcmp(weir_version(), WEIR_VERSION) == 0);
    CHECK(weir_abi_epoch_1 == 1);
    memset(&complex, 0, sizeof complex);
    memset(&mesh, 0, sizeof mesh);
    weir_complex_config_default(NULL);
    weir_mesh_config_default(NULL);
    weir_complex_config_default(&complex);
    weir_mesh_config_default(&mesh);
    CHECK(complex.abi == &weir_abi_epoch_1 && complex.size == sizeof complex);
    CHECK(mesh.abi == &weir_abi_epoch_1 && mesh.size == sizeof mesh);
    note(trace, complex.max_nodes);
    note(trace, complex.max_edges);
    note(trace, complex.max_triangles);
    note(trace, complex.fill);
    note(trace, complex.flags);
    note(trace, mesh.boot);
    note(trace, mesh.mesh_id);
    note(trace, mesh.id);
    note(trace, mesh.max_nodes);
    note(trace, mesh.max_degree);
    note(trace, mesh.fill);
    note(trace, mesh.max_neighbours);
    note(trace, mesh.inbox_frames);
    note(trace, mesh.frame_max);
    note(trace, mesh.signed_records);
    note(trace, mesh.signed_bytes);
    note(trace, mesh.gate);
    note(trace, mesh.trickle_min_ms);
    note(trace, mesh.heartbeat_max_ms);
    note(trace, mesh.link_hold_ms);
    note(trace, mesh.learn_ms);
    note(trace, mesh.trickle_doublings);
    note(trace, mesh.trickle_k);
    CHECK(mesh.port == NULL && mesh.ctx == NULL);
    chapter(trace, "defaults");
    return checks_failed;
}
