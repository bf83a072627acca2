"""The circuit drawn: as SVG, and as Graphviz text."""
