"""C files, with the module that loads them."""
