"""The ways out: each brings deliveries to one endpoint and tells what came of it."""
