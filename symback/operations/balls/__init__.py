"""SymPy formulas evaluated with proven error bounds: by number, and by array."""
