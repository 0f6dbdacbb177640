//go:build tools

// Package tools names the program of Kueue's own module that is built from this one, so that go.mod pins it.
package tools

import (
	_ "sigs.k8s.io/kueue/cmd/kueue"
)
