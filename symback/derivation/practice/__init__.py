"""Practice: steps left blank, answers judged, mistakes named."""
