module podwright.dev/local-prometheus

go 1.26.0

require (
	github.com/prometheus-operator/prometheus-operator v0.85.0 // its CRDs
	github.com/prometheus/prometheus v0.315.0
)
