/* What Go exports for weir to call. cgo knows no const, so a name stands for it. */
#ifndef PORT_H
#define PORT_H

#include <weir.h>

typedef const uint8_t octet;

weir_status goTransmit(void *ctx, octet *frame, size_t len);
weir_status goEntropy(void *ctx, uint8_t *out, size_t len);

#endif
