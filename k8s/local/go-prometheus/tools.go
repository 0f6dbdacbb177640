//go:build tools

// Package tools names the programs of Prometheus's own module that are built from this one, so that go.mod pins them.
package tools

import (
	_ "github.com/prometheus/prometheus/cmd/prometheus"
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
