/* What the demo's nodes lend weir, in bytes of RAM. Prints `ram <handle> <bytes>`. */
#include "check.h"
#include "mesh_config.h"

int main(void)
{
    weir_mesh_config mesh = WEIR_MESH_CONFIG_DEFAULT;
    weir_complex_config complex = WEIR_COMPLEX_CONFIG_DEFAULT;
    mesh_configure(&mesh, 1, 1);
    CHECK(weir_mesh_complex_config(&mesh, &complex) == WEIR_OK);
    (void)mesh_key;
    printf("ram mesh %lu\n", (unsigned long)weir_mesh_storage_size(&mesh));
    printf("ram complex %lu\n", (unsigned long)weir_complex_storage_size(&complex));
    CHECK(weir_mesh_storage_size(&mesh) > 0 && weir_complex_storage_size(&complex) > 0);
    return checks_done("bill");
}
