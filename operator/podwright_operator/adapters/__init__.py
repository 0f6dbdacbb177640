"""Adapters: the API server, probe requests to endpoints, logs of stage pods."""
