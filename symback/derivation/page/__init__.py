"""The derivation as one HTML page."""
