"""The network types: one driver each, and what they share as plain functions."""
