"""What is right at a point, and how far rounding may be from it, without the reverse pass."""
