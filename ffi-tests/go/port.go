package main

// #include "port.h"
import "C"

import (
	"crypto/rand"
	"runtime/cgo"
	"unsafe"
)

// The preamble of a file that exports may declare, not define. The ctx is a cgo.Handle, a number.

//export goTransmit
func goTransmit(ctx unsafe.Pointer, frame *C.octet, length C.size_t) C.weir_status {
	me := cgo.Handle(uintptr(ctx)).Value().(*node)
	return C.weir_mesh_receive_isr(me.peer.mesh, frame, length, -40)
}

//export goEntropy
func goEntropy(ctx unsafe.Pointer, out *C.uint8_t, length C.size_t) C.weir_status {
	if _, err := rand.Read(unsafe.Slice((*byte)(out), int(length))); err != nil {
		return C.WEIR_ERR_ENTROPY
	}
	return C.WEIR_OK
}
