"""Frozen data: nodes, circuits and programs, their names, and what they require of inputs."""
