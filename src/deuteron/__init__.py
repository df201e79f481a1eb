"""Deuteron: a Modular Layer 2 network service that speaks the OpenStack Networking API v2.0."""

__version__ = "0.1.0"
