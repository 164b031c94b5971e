"""Who may sign in, who may do what, and the log of who did."""
