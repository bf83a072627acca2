"""A page to type circuits into: one protocol, answered by a server or inside the browser."""
