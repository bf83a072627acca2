"""The primitive operations, of numbers and of arrays, with everything that is true of each."""
