"""Expressions as JavaScript, for the page."""
