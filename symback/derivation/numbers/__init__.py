"""A derivation at a point: values read, and evaluated in balls."""
