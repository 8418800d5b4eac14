// Two nodes in Go that meet. Storage, and structs that keep pointers, are C memory; of Go's memory
// C keeps nothing but a number.
package main

/*
#cgo CFLAGS: -I${SRCDIR}/../../include -Wall
#cgo linux,amd64 LDFLAGS: ${SRCDIR}/../../dist/lib/x86_64-unknown-linux-gnu/libweir.a
#include <stdlib.h>
#include "port.h"

static const weir_mesh_port port = { sizeof port, goTransmit, goEntropy, NULL, NULL };

static void set_host(weir_mesh_config *config, uintptr_t handle)
{
    config->port = &port;
    config->ctx = (void *)handle;
}
*/
import "C"

import (
	"fmt"
	"runtime/cgo"
	"unsafe"
)

type node struct {
	mesh *C.weir_mesh
	peer *node
}

func must(status C.weir_status) C.weir_status {
	if status < 0 {
		panic(C.GoString(C.weir_status_name(status)))
	}
	return status
}

func (n *node) run(now C.uint64_t) (agreed bool) {
	event := C.weir_mesh_event{size: C.sizeof_weir_mesh_event}
	must(C.weir_mesh_poll(n.mesh, now, nil))
	for must(C.weir_mesh_next_event(n.mesh, &event)) == C.WEIR_OK {
		agreed = agreed || event.code == C.WEIR_EVENT_AGREED
	}
	return
}

func main() {
	var nodes [2]node
	config := (*C.weir_mesh_config)(C.calloc(1, C.sizeof_weir_mesh_config))
	C.weir_mesh_config_default(config)
	size, key := C.weir_mesh_storage_size(config), [16]C.uint8_t{15: 1}
	for i := range nodes {
		n, handle, storage := &nodes[i], cgo.NewHandle(&nodes[i]), C.calloc(1, size)
		n.peer = &nodes[1-i]
		config.id, config.boot = C.uint16_t(i+1), 1
		C.set_host(config, C.uintptr_t(handle))
		must(C.weir_mesh_init(&n.mesh, storage, size, config))
		must(C.weir_mesh_set_key(n.mesh, 0, &key[0], 8))
		defer func() { must(C.weir_mesh_deinit(n.mesh)); C.free(storage); handle.Delete() }()
	}
	C.free(unsafe.Pointer(config)) // it was copied
	agreed := [2]bool{}
	for now := C.uint64_t(0); now < 60000; now += 100 {
		agreed[0], agreed[1] = nodes[0].run(now) || agreed[0], nodes[1].run(now) || agreed[1]
	}
	fmt.Println("weir", C.GoString(C.weir_version()), "agreed", agreed)
}
