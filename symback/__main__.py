"""`python -m symback` is the command line."""

from symback.cli import main

main()
