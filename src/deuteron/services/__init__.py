"""Service plugins: what a site may have besides networks, subnets and ports, one folder each."""
