"""Circuit text → statements → formulas → circuit."""
