"""Layouts of bytes: bytes to values and back. Pure: no clock, no system call."""
