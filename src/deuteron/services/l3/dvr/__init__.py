"""Distributed routers: on every host that has ports on their subnets."""
