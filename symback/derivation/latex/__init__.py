"""The derivation as LaTeX: sections, documents and slides."""
