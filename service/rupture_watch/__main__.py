"""``python -m rupture_watch``: the command line, where its script is not installed."""

from rupture_watch.cli import main

if __name__ == "__main__":
    main()
