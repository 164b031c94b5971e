"""What the service costs, measured beside its peers: same run, same broker, same events."""
