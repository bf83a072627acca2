"""Each step verified when it is made."""
