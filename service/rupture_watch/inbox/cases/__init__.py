"""What the pages say of cases, and of all of them together."""
