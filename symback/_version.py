"""The version, stated once: the build, the command line and generated modules read it here."""

__version__ = "0.1.0"
