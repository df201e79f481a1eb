"""Private database servers for the tests: own port, own folder, gone at the end."""
