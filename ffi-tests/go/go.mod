module weir.test/cgo

go 1.19
