"""The story of ML2 in one screen: ``make demo``."""
