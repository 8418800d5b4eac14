/* A journal of everything that goes into one node: every call with its arguments and the clock,
 * and what its callbacks answered. weir holds no clock and no generator of its own, so the journal
 * is enough to run the node again, on any processor, to the same bits: replay.c does.
 *
 * The linker puts record.c between the application and the archive (--wrap), so the application
 * does not know about it. Format, little-endian: 8 bytes "WEIRREC1", then entries of one letter,
 * a length (u16) and that many bytes:
 *
 *   I id u16, boot, gate u32  init         K slot u8, tag length u8, key[16]   set_key
 *   A                      attach         B bytes                             restore
 *   F rssi i8, frame       receive_isr    P now u64                           poll
 *   W injected, done i64   set_work       S to u16, amount u32                ship
 *   N kind u8, slot u8, bytes   record    Q settle   L plan
 *
 * After a call come the callbacks it made, in order, and then its result:
 *
 *   E bytes                entropy        G signature[64]                     sign
 *   V status i32           verify         T length u16, checksum u32          transmit
 *   R status i32, for settle the digest u64, for plan {to u16, amount u32}... */
#ifndef RECORD_H
#define RECORD_H

/* From the next weir_mesh_init on. 0, or -1 after a message. */
int record_open(const char *path);

/* 0 also when nothing was recorded; -1 if a write failed. */
int record_close(void);

#endif
