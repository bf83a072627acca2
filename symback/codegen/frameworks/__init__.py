"""What targets that compute inside a framework share: programs, words, kernels, texts."""
