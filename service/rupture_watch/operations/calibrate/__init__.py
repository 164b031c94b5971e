"""A rule set fitted to a clinic's own log, without labels, and what it is expected to cost.

Levels, spreads and base rates are fitted by empirical Bayes; then the limit of strain is chosen so
that simulated clients like the clinic's own, to whom nothing happens, are asked about in vain as
often as the clinic is willing to bear.
"""
