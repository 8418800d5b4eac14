/* RAM of the handles at worked capacities: prints `ram <handle>-<case> <exact> <macro>`, in bytes.
 * The macro is what the storage macros of weir.h ask for, the same on every machine. */
#include "check.h"
#include "mesh_config.h"

static void print(const char *handle, const char *name, size_t exact, size_t macro)
{
    printf("ram %s-%s %lu %lu\n", handle, name, (unsigned long)exact, (unsigned long)macro);
    CHECK(exact > 0 && exact <= macro);
}

/* A node, and the complex that serves it. */
static void node(const char *name, const weir_mesh_config *mesh)
{
    weir_complex_config complex = WEIR_COMPLEX_CONFIG_DEFAULT;
    const size_t nodes = mesh->max_nodes, degree = mesh->max_degree, fill = mesh->fill;
    const size_t neighbours = mesh->max_neighbours, inbox = mesh->inbox_frames;
    const size_t frame = mesh->frame_max, records = mesh->signed_records;
    const size_t payload = mesh->signed_bytes;
    size_t macro = WEIR_MESH_BYTES(nodes, degree, neighbours, inbox, frame);

    if (records > 0) {
        macro += WEIR_MESH_SIGNED(records, payload);
    }
    print("mesh", name, weir_mesh_storage_size(mesh), 8u * WEIR_WORDS(macro));
    CHECK(weir_mesh_complex_config(mesh, &complex) == WEIR_OK);
    macro = WEIR_MESH_COMPLEX_BYTES(nodes, degree, fill);
    print("mesh-complex", name, weir_complex_storage_size(&complex), 8u * WEIR_WORDS(macro));
}

static void sized_node(const char *name, uint16_t nodes, uint16_t degree, uint16_t neighbours,
                       uint16_t inbox)
{
    weir_mesh_config mesh = WEIR_MESH_CONFIG_DEFAULT;
    mesh.id = 1;
    mesh.max_nodes = nodes;
    mesh.max_degree = degree;
    mesh.max_neighbours = neighbours;
    mesh.inbox_frames = inbox;
    node(name, &mesh);
}

static void complex_alone(const char *name, unsigned nodes, unsigned edges, unsigned triangles)
{
    weir_complex_config complex = WEIR_COMPLEX_CONFIG_DEFAULT;
    const unsigned fill = complex.fill;
    complex.max_nodes = (uint16_t)nodes;
    complex.max_edges = (uint16_t)edges;
    complex.max_triangles = (uint16_t)triangles;
    print("complex", name, weir_complex_storage_size(&complex),
          8u * WEIR_WORDS(WEIR_COMPLEX_BYTES(nodes, edges, triangles, fill)));
}

int main(void)
{
    weir_mesh_config demo = WEIR_MESH_CONFIG_DEFAULT;

    sized_node("eight", 9, 8, 8, 8);
    sized_node("quickstart", 16, 6, 12, 8);
    mesh_configure(&demo, 1, 1);
    (void)mesh_key;
    node("demo", &demo);
    sized_node("largest", 128, 16, 32, 16);
    complex_alone("small", 7, 8, 2);
    complex_alone("default", 16, 48, 80);
    complex_alone("large", 64, 230, 342);
    return checks_done("ram");
}
