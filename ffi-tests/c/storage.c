/* The storage macros against the library's own figure, over the whole range of capacities. */
#include "check.h"

/* What a macro may ask for in vain, whatever the capacities: one header serves heads of pointers of
 * 4 and of 8 bytes, and every array begins on a word. */
#define SLACK 1280u

static size_t wasted;

static void bounded(size_t runtime, size_t macro, const char *what, unsigned a, unsigned b)
{
    if (macro > runtime && macro - runtime > wasted) {
        wasted = macro - runtime;
    }
    if (runtime == 0 || runtime > macro || macro > runtime + SLACK) {
        checks_failed++;
        printf("%s(%u, %u): run time %lu, macro %lu\n", what, a, b, (unsigned long)runtime,
               (unsigned long)macro);
    } else {
        checks_passed++;
    }
}

static const uint16_t nodes_of[] = { 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 54, 64, 100, 128 };
#define NODES_OF (sizeof nodes_of / sizeof nodes_of[0])

static void complex_macro_bounds_runtime(void)
{
    size_t n, degree, fill;
    for (n = 0; n < NODES_OF; n++) {
        for (degree = 1; degree <= 12; degree++) {
            for (fill = 1; fill <= 8; fill++) {
                weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
                unsigned nodes = nodes_of[n];
                unsigned edges = (unsigned)(nodes * degree / 2 + 1);
                unsigned triangles = (unsigned)(edges * (degree - 1) / 3 + 1);
                config.max_nodes = (uint16_t)nodes;
                config.max_edges = (uint16_t)edges;
                config.max_triangles = (uint16_t)triangles;
                config.fill = (uint16_t)fill;
                bounded(weir_complex_storage_size(&config),
                        8u * WEIR_WORDS(WEIR_COMPLEX_BYTES(nodes, edges, triangles, fill)),
                        "WEIR_COMPLEX_BYTES", nodes, edges);
            }
        }
    }
}

static void mesh_macro_bounds_runtime(void)
{
    static const uint16_t frames[] = { 80, 81, 127, 250, 251, 1024 };
    size_t n, frame;
    unsigned degree, inbox;
    for (n = 0; n < NODES_OF; n++) {
        for (degree = 1; degree <= 16; degree++) {
            for (inbox = 1; inbox <= 9; inbox++) {
                for (frame = 0; frame < sizeof frames / sizeof frames[0]; frame++) {
                    weir_mesh_config config = WEIR_MESH_CONFIG_DEFAULT;
                    unsigned nodes = nodes_of[n];
                    unsigned neighbours = degree + nodes % 5;
                    config.id = 1;
                    config.fill = 1; /* in the complex, not in the mesh */
                    config.max_nodes = (uint16_t)nodes;
                    config.max_degree = (uint16_t)degree;
                    config.max_neighbours = (uint16_t)neighbours;
                    config.inbox_frames = (uint16_t)inbox;
                    config.frame_max = frames[frame];
                    bounded(weir_mesh_storage_size(&config),
                            8u * WEIR_WORDS(WEIR_MESH_BYTES(nodes, degree, neighbours, inbox,
                                                            frames[frame])),
                            "WEIR_MESH_BYTES", nodes, degree);
                }
            }
        }
    }
}

static void defaults_are_the_same_in_both_spellings(void)
{
    weir_mesh_config macro = WEIR_MESH_CONFIG_DEFAULT, function;
    weir_complex_config complex_macro = WEIR_COMPLEX_CONFIG_DEFAULT, complex_function;
    memset(&function, 0, sizeof function);
    memset(&complex_function, 0, sizeof complex_function);
    weir_mesh_config_default(&function);
    weir_complex_config_default(&complex_function);
    CHECK(weir_mesh_storage_size(&macro) == weir_mesh_storage_size(&function));
    CHECK(macro.abi == function.abi && macro.size == function.size);
    CHECK(complex_macro.abi == complex_function.abi);
    CHECK(weir_complex_storage_size(&complex_macro) ==
          weir_complex_storage_size(&complex_function));
}

static void version_is_one(void)
{
    unsigned major = 99, minor = 99, patch = 99;
    CHECK(strcmp(weir_version(), WEIR_VERSION) == 0);
    CHECK(sscanf(WEIR_VERSION, "%u.%u.%u", &major, &minor, &patch) == 3);
    CHECK(major == WEIR_VERSION_MAJOR && minor == WEIR_VERSION_MINOR);
    CHECK(patch == WEIR_VERSION_PATCH);
    CHECK(WEIR_VERSION_NUMBER == ((major << 16) | (minor << 8) | patch));
    CHECK(weir_abi_epoch_1 == 1);
}

static void every_status_has_a_name(void)
{
#define NAMED(status) CHECK(strcmp(weir_status_name(status), #status) == 0)
    NAMED(WEIR_OK);
    NAMED(WEIR_PENDING);
    NAMED(WEIR_END);
    NAMED(WEIR_ERR_NULL);
    NAMED(WEIR_ERR_RANGE);
    NAMED(WEIR_ERR_STORAGE);
    NAMED(WEIR_ERR_ABI);
    NAMED(WEIR_ERR_STATE);
    NAMED(WEIR_ERR_BUSY);
    NAMED(WEIR_ERR_FULL);
    NAMED(WEIR_ERR_ENTROPY);
    CHECK(weir_status_name(12345) != NULL && weir_status_name(12345)[0] != 0);
}

int main(void)
{
    complex_macro_bounds_runtime();
    mesh_macro_bounds_runtime();
    defaults_are_the_same_in_both_spellings();
    version_is_one();
    every_status_has_a_name();
    printf("at most %lu bytes more than needed\n", (unsigned long)wasted);
    return checks_done("storage");
}
