/* Signatures for the application's own record kind, by libsodium (ed25519). weir holds no signature
 * code: firmware answers these two callbacks with PSA Crypto, a secure element or a library. */
#ifndef SIGN_SODIUM_H
#define SIGN_SODIUM_H

#include <weir.h>

/* Make this node's signing key and everybody's verifying keys. 0, or -1 after a message.
 * For the demonstration only: a key is derived from its owner's number, so there is nothing to
 * provision and nothing secret. A product keeps each private key inside its node. */
int sign_open(uint16_t id);

weir_status sign_message(void *ctx, const uint8_t *msg, size_t len, uint8_t sig[64]);
weir_status sign_verify(void *ctx, uint16_t author, const uint8_t *msg, size_t len,
                        const uint8_t sig[64]);

#endif
