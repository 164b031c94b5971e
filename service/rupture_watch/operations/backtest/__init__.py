"""Two rule sets over one log of events: what would have fired, vanished or moved.

Both judge every case from its final facts, so a difference between them is one of the rules and
never of the order in which events arrived. Alerts that were raised on incomplete data and taken
back are in neither.
"""

from rupture_watch.operations.backtest.caselog import CaseLog
from rupture_watch.operations.backtest.comparison import Comparison, compare
from rupture_watch.operations.backtest.report import as_json
from rupture_watch.operations.backtest.screen import render

__all__ = ["CaseLog", "Comparison", "as_json", "compare", "render"]
