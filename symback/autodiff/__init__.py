"""Circuit → gates → reverse pass → programs → optimised programs, and closed forms."""
