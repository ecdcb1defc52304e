"""Makes comparison.json: SciPy's numbers for pairs made by formula.

Usage: python3 make_comparison.py > comparison.json
"""
import json
import sys

import numpy as np
import scipy
from scipy import stats

from rounded import rounded


def values(count, seed):
    """Shares of 20, so that some pairs are equal. A linear congruential generator makes them in any language."""
    state, shares = seed, []
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        shares.append(state // 65536 % 21 / 20)
    return np.array(shares)


def compared(count):
    before, after = values(count, 1), values(count, 2)
    differences = after - before
    interval = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    return {
        "count": count,
        "before": before.mean(),
        "after": after.mean(),
        "difference": differences.mean(),
        "standardError": stats.sem(differences),
        "interval": [interval.low, interval.high],
    }


# Large numbers, at which the binomial coefficients themselves would overflow.
signs = [[0, 1], [3, 9], [40, 60], [900, 1100], [24000, 24600], [100, 0], [7, 7]]
tests = [[higher, lower, stats.binomtest(higher, higher + lower).pvalue] for higher, lower in signs]
document = {"compared": [compared(count) for count in (5, 16, 60, 400)], "signTests": tests}
print(f"NumPy {np.__version__}, SciPy {scipy.__version__}", file=sys.stderr)
json.dump(rounded(document), sys.stdout, indent=1)
print()
