"""L3 agents: which routers they have, and what they are told of them."""
