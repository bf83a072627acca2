"""Kernels of single numbers for any target, translated from those that are written for NumPy."""
