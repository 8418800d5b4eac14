/* What a node links that keeps no map: it speaks, hears, keeps records and hands work over, but
 * plans nothing. Every function of the mesh but those that need a complex. */
#include "bill.h"

LINKS(
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
    (function)weir_version)
