// examples-c/quickstart/quickstart.c through weir.hpp: what the classes cost is measured on it.
#include <stdio.h>
#include <stdlib.h>
#include <weir.hpp>

namespace
{

using Mesh = weir::Mesh<16, 6, 12, 8, 250, 6>;

struct Node {
    Mesh::Complex map{}; // before the node that borrows it
    Mesh mesh{};

    weir_status transmit(const uint8_t *frame, size_t len);
    weir_status entropy(uint8_t *out, size_t len);
};

Node node[2];

weir_status Node::transmit(const uint8_t *frame, size_t len)
{
    return node[this == &node[0]].mesh.receive_isr(frame, len, -40);
}

weir_status Node::entropy(uint8_t *out, size_t len)
{
    static uint8_t next;
    for (size_t i = 0; i < len; i++) {
        out[i] = next++;
    }
    return WEIR_OK;
}

weir_status must(weir_status status)
{
    if (status < 0) {
        printf("weir says: %s\n", weir_status_name(status));
        exit(1);
    }
    return status;
}

void share(Mesh &me, int32_t &jobs, weir_mesh_state &state)
{
    weir_shipment plan[6];
    size_t count;
    int32_t received;

    must(me.get_received(received));
    jobs += received;
    if (must(me.set_load(jobs)) == WEIR_PENDING) {
        return;
    }
    must(me.settle(state));
    must(me.plan(plan, 6, count));
    for (size_t i = 0; i < count; i++) {
        must(me.ship(plan[i].to, plan[i].amount));
        jobs -= static_cast<int32_t>(plan[i].amount);
    }
}

} // namespace

int main()
{
    static const uint8_t key[16] = { 's', 'a', 'm', 'e', ' ', 'i', 'n', ' ',
                                     'e', 'a', 'c', 'h', ' ', 'o', 'n', 'e' };
    weir_mesh_state state[2];
    weir_mesh_due due;
    int32_t jobs[2] = { 100, 0 };

    for (uint16_t i = 0; i < 2; i++) {
        weir_mesh_config config = WEIR_MESH_CONFIG_DEFAULT;
        config.id = static_cast<uint16_t>(i + 1);
        config.boot = 1;
        must(node[i].mesh.start(config, node[i]));
        must(node[i].mesh.set_key(0, key, 8));
        must(node[i].map.start(config));
        must(node[i].mesh.attach_complex(node[i].map));
    }
    for (uint64_t now_ms = 0; now_ms < 600000; now_ms += 100) {
        for (int i = 0; i < 2; i++) {
            must(node[i].mesh.poll(now_ms, due));
            share(node[i].mesh, jobs[i], state[i]);
        }
    }
    const int first = jobs[0], second = jobs[1];
    printf("node 1 has %d jobs, node 2 has %d, and their records are %s\n", first, second,
           state[0].digest == state[1].digest ? "equal" : "not equal");
    return jobs[0] == 50 && jobs[1] == 50 && state[0].digest == state[1].digest ? 0 : 1;
}
