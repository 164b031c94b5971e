"""The command line, and with it the composition root: each command wires one operation.

Exit codes: 0 done; 1 the data have faults that were reported; 2 wrong usage; 70 the
infrastructure failed (start again); 78 the configuration is wrong (change it first).
"""

from rupture_watch.cli.entry import main

__all__ = ["main"]
