"""ML2 drivers written against `neutron_lib.plugins.ml2.api` and nothing else."""
