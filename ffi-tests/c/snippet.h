/* Names that a few lines of C in the README or in docs may use without declaring them. A block with
 * an #include of its own does not see them; see ffi-tests/tests/readme.rs. */
#ifndef SNIPPET_H
#define SNIPPET_H

#include <stdio.h>
#include <string.h>
#include <weir.h>

extern weir_mesh *mesh;
extern weir_complex *map;
extern uint64_t now_ms;
extern const weir_mesh_port port;
extern void *ctx;
extern const uint8_t key[16];
extern const uint8_t *frame;
extern size_t len;
extern int8_t rssi_dbm;

uint64_t clock_ms(void);
void sleep_until_ms(uint64_t ms);

weir_status shown(void);

#endif
