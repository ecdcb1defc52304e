"""Makes statistics.json: numbers of Student's t, Holm, two one-sided tests and McNemar, from SciPy and statsmodels.

Usage: python3 make_statistics.py > statistics.json
"""
import json
import sys

import numpy as np
import scipy
import statsmodels
from scipy import stats
from scipy.optimize import brentq
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import DescrStatsW

from rounded import rounded


def made(count, seed, steps):
    """Values between −½ and ½ in equal steps. A linear congruential generator makes them in any language."""
    state, values = seed, []
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        values.append(state // 65536 % (steps + 1) / steps - 0.5)
    return values


def hall(t, skewness, count):
    """Hall (1992), On the removal of skewness by transformation, equation 2.4, at t = sqrt(count) W."""
    w, root = t / np.sqrt(count), np.sqrt(count)
    return root * (w + skewness * w**2 / 3 + skewness**2 * w**3 / 27 + skewness / (6 * count))


def careful(values):
    """One-sided bounds and p values of losses, by the more careful one of t and Hall's transformation of it."""
    count, mean, error = len(values), np.mean(values), stats.sem(values)
    skewness, quantile = stats.skew(values, bias=False), stats.t.ppf(0.95, len(values) - 1)

    def half(skew):
        return max(quantile, brentq(lambda t: hall(t, skew, count) - quantile, -100, 100, xtol=1e-14)) * error

    def p(amount):
        t = (mean - amount) / error
        return stats.t.sf(min(t, hall(t, skewness, count)), count - 1)

    return [mean - half(skewness), mean + half(-skewness)], [[amount, p(amount)] for amount in AMOUNTS]


def by_t(count, seed, steps):
    values = made(count, seed, steps)
    described = DescrStatsW(values)
    bounds, loss = careful(values)
    # Without skewness, the one-sided tests are those of Student's t.
    symmetric = DescrStatsW(np.array(values + [-value for value in values]) + 0.03)
    return {
        "made": [count, seed, steps],
        "mean": described.mean,
        "standardError": described.std_mean,
        "interval": list(described.tconfint_mean(0.05)),
        "bounds": bounds,
        "skewness": stats.skew(values, bias=False),
        "p": described.ttest_mean(0)[1],
        "loss": loss,
        "symmetric": {
            "bounds": list(symmetric.tconfint_mean(0.1)),
            "equivalence": [[margin, symmetric.ttost_mean(-margin, margin)[0]] for margin in MARGINS],
            "loss": [[amount, symmetric.ttest_mean(amount, "larger")[1]] for amount in AMOUNTS],
        },
    }


def by_signs(positive, negative, count):
    """The interval of Bonett and Price (2012), equations 3 and 4, with the quantile of t instead of the normal one."""
    p12, p21 = (positive + 1) / (count + 2), (negative + 1) / (count + 2)
    error = np.sqrt((p12 + p21 - (p12 - p21) ** 2) / (count + 2))

    def ends(level):
        half = stats.t.ppf(level, count - 1) * error
        return [max(-1, p12 - p21 - half), min(1, p12 - p21 + half)]

    same = count - positive - negative
    return {
        "signs": [positive, negative, count],
        "interval": ends(0.975),
        "bounds": ends(0.95),
        "p": mcnemar([[same, negative], [positive, 0]], exact=True).pvalue,
    }


def adjusted(ps):
    return {"ps": ps, "adjusted": multipletests(ps, method="holm")[1].tolist()}


MARGINS = [0.05, 0.1, 0.2, 0.5]
AMOUNTS = [-0.1, 0, 0.01, 0.1]
QUANTILES = [(p, df) for p in (0.01, 0.5, 0.9, 0.95, 0.975, 0.995) for df in (1, 2, 3, 9, 10, 29, 59, 999, 50_000)]
TAILS = [(t, df) for t in (-3, -0.2, 0, 0.3, 0.999, 1, 1.7, 2, 5, 12, 30) for df in (1, 2, 9, 10, 59, 999, 50_000)]
MADE = [(10, 1, 20), (11, 2, 1000), (30, 3, 20), (60, 4, 5), (60, 5, 1000), (1000, 6, 20)]
SIGNS = [(0, 0, 10), (1, 0, 10), (6, 0, 10), (10, 0, 10), (3, 9, 30), (8, 1, 60), (0, 6, 60), (30, 30, 60), (70, 41, 1000)]
FAMILIES = [[0.01], [0.04, 0.01, 0.03], [0.5, 0.9, 1], [0.001, 0.001, 0.02, 0.3, 0.012], [0.05, 0.025, 0.0167]]

document = {
    "quantiles": [[p, df, stats.t.ppf(p, df)] for p, df in QUANTILES],
    "tails": [[t, df, stats.t.sf(t, df)] for t, df in TAILS],
    "byT": [by_t(*row) for row in MADE],
    "bySigns": [by_signs(*row) for row in SIGNS],
    "families": [adjusted(ps) for ps in FAMILIES],
}
print(f"SciPy {scipy.__version__}, statsmodels {statsmodels.__version__}", file=sys.stderr)
json.dump(rounded(document), sys.stdout, indent=1)
print()
