/* Links if the package carries both the headers and the archive, and says which version it found. */
#include <stdio.h>
#ifdef __cplusplus
#include <weir.hpp>
#else
#include <weir.h>
#endif

int main(void)
{
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
    printf("weir %s %d\n", weir_version(), weir_complex_storage_size(&config) > 0);
    return 0;
}
