"""A change of rules, drafted and tried on the stored facts."""
