"""The derivation as plain text and Markdown."""
