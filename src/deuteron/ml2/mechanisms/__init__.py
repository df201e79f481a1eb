"""The mechanism drivers that come with the service."""
