/* What a firmware links that takes flows apart, weights them by trust or lets nodes relax them. The
 * complex they work on is made as in complex.c; it does not settle or plan. */
#include "bill.h"

LINKS(
    (function)weir_complex_config_default,
    (function)weir_complex_storage_size,
    (function)weir_complex_init,
    (function)weir_complex_deinit,
    (function)weir_complex_reset,
    (function)weir_complex_add_node,
    (function)weir_complex_add_edge,
    (function)weir_complex_add_triangle,
    (function)weir_complex_remove_node,
    (function)weir_complex_remove_edge,
    (function)weir_complex_get_edge,
    (function)weir_complex_decompose,
    (function)weir_complex_settle_trusted,
    (function)weir_complex_relax,
    (function)weir_complex_get_corners,
    (function)weir_potential_relax,
    (function)weir_potential_flow,
    (function)weir_status_name,
    (function)weir_version)
