//go:build tools

// Package tools names the peers that are built from this module, so that go.mod pins their versions.
package tools

import (
	_ "github.com/argoproj/argo-workflows/v3/cmd/workflow-controller"
)
