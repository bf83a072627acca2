"""`python -m symback` is the command line."""

from symback.cli.main import main

if __name__ == "__main__":  # worker processes import this file under another name
    main()
