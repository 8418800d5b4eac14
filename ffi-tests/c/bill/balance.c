/* What a firmware links that levels loads itself: seats and the pace of a complex, the choice of a
 * way, sweeps, diffusion and potentials. It does not settle or plan. */
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
    (function)weir_complex_seat,
    (function)weir_complex_pace,
    (function)weir_complex_get_corners,
    (function)weir_balance_choose,
    (function)weir_sweep_gather,
    (function)weir_sweep_pass,
    (function)weir_sweep_flow,
    (function)weir_diffusion_step,
    (function)weir_potential_relax,
    (function)weir_potential_flow,
    (function)weir_status_name,
    (function)weir_version)
