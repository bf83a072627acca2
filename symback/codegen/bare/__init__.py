"""Bare code: functions of one sample with plain arguments, and the kernels that they call."""
