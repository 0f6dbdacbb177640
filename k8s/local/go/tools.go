//go:build tools

// Package tools names the programs of other modules that are built from this one, so that go.mod pins their versions.
package tools

import (
	_ "github.com/containerd/containerd/v2/cmd/containerd"
	_ "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2"
	_ "github.com/containerd/containerd/v2/cmd/ctr"
	_ "github.com/minio/minio"
	_ "github.com/moby/buildkit/cmd/buildctl"
	_ "github.com/moby/buildkit/cmd/buildkitd"
	_ "github.com/ray-project/kuberay/ray-operator"
	_ "helm.sh/helm/v3/cmd/helm"
)
