"""Programs on arrays as loops over their elements, whatever the language."""
