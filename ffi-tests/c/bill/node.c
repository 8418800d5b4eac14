/* What a node links that has its map and plans: the whole mesh, and of the complex what lends it.
 * Events, notes and snapshots included; the quickstart, which calls less, is a bill of its own. */
#include <weir.h>

typedef void (*function)(void);

/* Their addresses are read when the program runs, so the linker keeps every one. */
static const volatile function used[] = {
    (function)weir_mesh_config_default,
    (function)weir_mesh_storage_size,
    (function)weir_mesh_init,
    (function)weir_mesh_deinit,
    (function)weir_mesh_reset,
    (function)weir_mesh_set_key,
    (function)weir_mesh_set_sending_key,
    (function)weir_mesh_remove_key,
    (function)weir_mesh_receive_isr,
    (function)weir_mesh_poll,
    (function)weir_mesh_resume,
    (function)weir_mesh_block,
    (function)weir_mesh_leave,
    (function)weir_mesh_snapshot,
    (function)weir_mesh_restore,
    (function)weir_mesh_record,
    (function)weir_mesh_next_record,
    (function)weir_mesh_next_event,
    (function)weir_mesh_set_load,
    (function)weir_mesh_set_work,
    (function)weir_mesh_set_capacity,
    (function)weir_mesh_get_load,
    (function)weir_mesh_get_received,
    (function)weir_mesh_ship,
    (function)weir_mesh_get_neighbour,
    (function)weir_mesh_get_stats,
    (function)weir_refusal_name,
    (function)weir_status_name,
    (function)weir_version,
    (function)weir_mesh_complex_config,
    (function)weir_mesh_attach_complex,
    (function)weir_mesh_detach_complex,
    (function)weir_mesh_settle,
    (function)weir_mesh_plan,
    (function)weir_complex_config_default,
    (function)weir_complex_storage_size,
    (function)weir_complex_init,
    (function)weir_complex_deinit,
    (function)weir_complex_get_edge,
};

int main(void)
{
    return used[0] == used[1];
}
