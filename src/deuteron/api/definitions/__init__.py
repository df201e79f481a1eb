"""Attribute maps as data, where neutron_lib.api.definitions has none that is strict enough.

Each module holds facts of the API: names, what may be given when, defaults, rules.
"""
