"""``make bench-accuracy``: what the engine finds in simulated clinics, and what it says in vain.

No public data set holds alliance ratings session by session. Every figure here rests on two
families of simulated clients, and is as good as they are.
"""
