// Command etcd is the etcd server, built in the module that the other cluster binaries share.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
