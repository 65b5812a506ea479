"""What a wrong decision costs, and the threshold that follows."""

from models._contract import Strict


class Costs(Strict):
    """Of a positive row taken for negative and of the opposite, in any one unit.

    A recipe's own are policy, not measurements: whoever serves the model states theirs.
    """

    false_negative: float = 1.0
    false_positive: float = 1.0

    @property
    def threshold(self) -> float:
        """Where both decisions cost the same: p x false_negative = (1 - p) x false_positive."""
        return self.false_positive / (self.false_positive + self.false_negative)
