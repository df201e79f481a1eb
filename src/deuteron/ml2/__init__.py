"""Who may decide: type drivers hand out segments, mechanism drivers realise them."""
