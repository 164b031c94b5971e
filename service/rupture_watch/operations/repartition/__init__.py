"""``rupture-watch repartition``: another number of partitions, every state and event carried over.

A case lives in the partition that its key's hash names, so another number of partitions moves
almost every case, with its state and with what waits to be read. Kafka can only add partitions to a
topic, and leaves what is in it where it lies. So the installation gets new topics, under a new
prefix and a new application id, and the old ones stay untouched, as the way back:

1. stop the workers of the old installation (senders may go on);
2. ``rupture-watch repartition`` with ``--go`` copies, by key: the last state of every case, byte
   for byte; the events that the old workers had not committed; alerts, standings, safety items;
3. start workers with the new settings, let the senders write to the new topics;
4. run it again, as often as needed, for what senders still wrote to the old topics meanwhile.

State is copied, not judged anew: the changelog remembers years, the input topics a fortnight.
Events are carried in transactions together with how far they were read, so none comes twice or gets
lost when this is killed; it goes on where it was. Dead letters stay: they name the old topics, so
redrive them with the old settings and run this again.
"""

from rupture_watch.operations.repartition.migration import Migration, NotNow, renamed, repartition
from rupture_watch.operations.repartition.verifying import Incomplete

__all__ = ["Incomplete", "Migration", "NotNow", "renamed", "repartition"]
