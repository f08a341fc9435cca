"""Machines and formats joined to the kernel."""
