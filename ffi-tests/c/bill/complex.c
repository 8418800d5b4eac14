/* What a firmware links that has a network of its own, settles flows on it and plans. The further
 * parts of the complex are bills of their own: parts.c and balance.c. */
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
    (function)weir_complex_settle,
    (function)weir_complex_plan,
    (function)weir_status_name,
    (function)weir_version)
