"""Targets: each prints expressions in one language, from closed tables; unknown means error."""
