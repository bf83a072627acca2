"""The PyTorch target: functions with both modes and double backward, and a module of them."""
