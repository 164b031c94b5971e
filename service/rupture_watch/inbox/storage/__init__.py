"""The database of the inbox: its tables, what brings them up to date, who may write."""
