"""Podwright on a cluster: a real Kubernetes without Docker, its images, its prerequisites, and the demo on top."""
