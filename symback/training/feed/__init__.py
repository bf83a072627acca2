"""Columns → the arrays of inputs and targets, in batches."""
