"""The process around the engine: kopf's watches, probes, metrics, start and stop. Only this package imports kopf."""
