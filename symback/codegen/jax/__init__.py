"""The JAX target: pure functions of pytrees that JAX transforms."""
