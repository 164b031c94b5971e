"""The working alliance of one case: pure functions over facts, standard library only."""
