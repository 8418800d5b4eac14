/* Links if the package carries both the header and the archive, and says which version it found. */
#include <stdio.h>
#include <weir.h>

int main(void)
{
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
    printf("weir %s %d\n", weir_version(), weir_complex_storage_size(&config) > 0);
    return 0;
}
