"""Derivations: the steps that the reverse pass leaves, and their renderings."""
