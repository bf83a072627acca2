"""One kind of data each, as a source: named columns, read by ranges of rows."""
