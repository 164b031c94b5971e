"""One module or package for each command: what it does, apart from how it is called."""
