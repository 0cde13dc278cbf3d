"""What the specification of TPC-H says about late deliveries, in closed form.

A line is shipped 1 to 121 days after its order, received 1 to 30 days after that, and promised for 30 to 90 days after
the order; each is uniform and independent. So P(late | promised days) and the best possible AUC are known.
"""

import numpy as np

PROMISED_DAYS = np.arange(30, 91)


def late_probability():
    """P(ship + receipt > promised), for every number of promised days."""
    days_taken = np.convolve(np.full(121, 1 / 121), np.full(30, 1 / 30))  # of 2, 3, ... 151 days
    return np.array([days_taken[promised - 1 :].sum() for promised in PROMISED_DAYS])


def best_auc():
    """The chance that a late line scores above one in time, ties counting half."""
    late, in_time = late_probability(), 1 - late_probability()
    above = np.append(np.cumsum(in_time[::-1])[::-1][1:], 0)
    return float((late * (above + in_time / 2)).sum() / (late.sum() * in_time.sum()))
