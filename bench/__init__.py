"""What one request costs: ``make bench`` counts SQL statements and measures CPU time."""
