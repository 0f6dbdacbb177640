//go:build tools

// Package tools names the program of Argo Workflows' own module that is built from this one, so that go.mod pins it.
package tools

import (
	_ "github.com/argoproj/argo-workflows/v3/cmd/workflow-controller"
)
