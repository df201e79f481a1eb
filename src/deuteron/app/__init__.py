"""Composition roots: the only code that constructs the parts of a process and wires them."""
