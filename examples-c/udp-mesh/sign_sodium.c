/* See sign_sodium.h. */
#include "sign_sodium.h"

#include "mesh_config.h"

#include <sodium.h>
#include <stdio.h>

static uint8_t private_key[crypto_sign_SECRETKEYBYTES];
static uint8_t public_key[MESH_NODES + 1][crypto_sign_PUBLICKEYBYTES];

static void derive(uint16_t id, uint8_t *public, uint8_t *private)
{
    const uint8_t name[] = {
        'w', 'e', 'i', 'r', ' ', 'd', 'e', 'm', 'o', (uint8_t)(id & 0xff), (uint8_t)(id >> 8)
    };
    uint8_t seed[crypto_sign_SEEDBYTES];
    (void)crypto_generichash(seed, sizeof seed, name, sizeof name, NULL, 0);
    (void)crypto_sign_seed_keypair(public, private, seed);
}

int sign_open(uint16_t id)
{
    uint8_t unused[crypto_sign_SECRETKEYBYTES];
    if (sodium_init() < 0) {
        (void)fprintf(stderr, "libsodium does not start\n");
        return -1;
    }
    for (uint16_t other = 1; other <= MESH_NODES; other++) {
        derive(other, public_key[other], other == id ? private_key : unused);
    }
    return 0;
}

weir_status sign_message(void *ctx, const uint8_t *msg, size_t len, uint8_t sig[64])
{
    (void)ctx;
    return crypto_sign_detached(sig, NULL, msg, len, private_key) == 0 ? WEIR_OK : WEIR_ERR_STATE;
}

weir_status sign_verify(void *ctx, uint16_t author, const uint8_t *msg, size_t len,
                        const uint8_t sig[64])
{
    (void)ctx;
    if (author == 0 || author > MESH_NODES ||
        crypto_sign_verify_detached(sig, msg, len, public_key[author]) != 0) {
        return WEIR_ERR_RANGE;
    }
    return WEIR_OK;
}
