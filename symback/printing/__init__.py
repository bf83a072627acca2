"""Expressions as text, for people and for the circuit language, in a stable order."""
