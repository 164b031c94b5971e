"""What browsers need from npm, pinned by a lock file and copied to where the page serves it."""
