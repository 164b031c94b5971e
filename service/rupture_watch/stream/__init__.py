"""The thin streaming shell: the only package that knows Faust.

Faust owns group membership, assignment, the state table and its recovery; a lane of our own takes
whole fetched batches through the pipeline and keeps the order of effects that makes the service
effectively once (see :mod:`rupture_watch.stream.lane`).
"""
