"""Mutants of the tables that hold the mathematics, and what kills them."""
