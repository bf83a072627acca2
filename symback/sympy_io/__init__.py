"""SymPy expressions and matrix expressions → circuit, and back."""
