"""Gradients of shards of the rows: in this process, in others, on Dask."""
