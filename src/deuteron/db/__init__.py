"""Where it is kept: engine, tables, plain query functions, journal and migrations."""
