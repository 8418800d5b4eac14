/* A member that lies: it holds the mesh key, so nothing keeps it from running weir under other
 * nodes' numbers. It claims work that never arrived (LOAD, a member kind) and publishes notes in
 * their names (a signed kind), signed with the only key it has: its own. */
#ifndef LIAR_H
#define LIAR_H

#include "app.h"

/* Without liar_start the others do nothing. 0, or -1 after a message. */
int liar_start(app *self, const weir_mesh_port *callbacks);
void liar_hear(const uint8_t *frame, size_t len);
void liar_poll(app *self, uint64_t now_ms);

#endif
