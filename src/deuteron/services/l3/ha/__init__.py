"""Highly available routers: on several agents, of which one is active."""
