"""NumPy modules."""
