"""What was refused: a summary without values, and the way back onto the topics."""
