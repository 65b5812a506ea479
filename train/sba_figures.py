"""What the national SBA file says of loans approved in the fiscal years 1990 to 2010, in per cent.

Facts about some 800,000 loans, rounded: as published where they are published, else estimated from
a class-balanced sample of 20,000 loans weighted back to the population, with the rates of small
groups pulled towards the overall rate. A pair is a share of the loans and the part of these that
was charged off.
"""

from typing import NamedTuple

Pair = tuple[float, float]

CHARGED_OFF = 17.6


class Era(NamedTuple):
    """What the forms of the time left open: later ones ask for more."""

    sector_unknown: float
    no_jobs_created: float
    no_jobs_retained: float


class Habit(NamedTuple):
    """How the loans of one era and programme were made."""

    revolving: float
    revolving_unknown: float
    low_doc: float
    lender_in_state: float


YEARS: dict[int, Pair] = {
    1990: (1.6, 4.9), 1991: (1.9, 3.0), 1992: (2.2, 3.1), 1993: (2.9, 2.2), 1994: (3.6, 2.0),
    1995: (5.3, 3.0), 1996: (4.6, 3.9), 1997: (4.5, 6.7), 1998: (4.4, 8.6), 1999: (4.0, 11.4),
    2000: (4.6, 10.7), 2001: (4.4, 10.9), 2002: (5.3, 10.5), 2003: (6.6, 15.0), 2004: (8.1, 17.6),
    2005: (9.1, 25.4), 2006: (9.4, 33.5), 2007: (8.6, 43.1), 2008: (4.9, 39.0), 2009: (2.0, 22.5),
    2010: (2.0, 14.3),
}  # fmt: skip

ERAS = {  # by the first year of each
    1990: Era(55.0, 91.6, 93.9),
    1996: Era(55.5, 89.9, 94.6),
    1999: Era(42.4, 65.4, 52.1),
    2001: Era(0.0, 64.5, 33.1),
    2006: Era(0.0, 54.2, 12.8),
}

AREAS_BY_ERA = {
    1990: {"unknown": 99.7, "urban": 0.3},
    1996: {"unknown": 99.5, "urban": 0.4, "rural": 0.1},
    1999: {"unknown": 30.9, "urban": 59.0, "rural": 10.1},
    2001: {"unknown": 1.8, "urban": 80.6, "rural": 17.6},
    2006: {"unknown": 0.7, "urban": 78.8, "rural": 20.5},
}

# The guaranteed part of the loan; 0.7 stands for all the rarer parts.
GUARANTEES_BY_ERA = {
    1990: {0.5: 0.7, 0.7: 15.6, 0.75: 9.7, 0.8: 10.8, 0.85: 17.3, 0.9: 36.8, 1.0: 9.1},
    1996: {0.5: 9.3, 0.7: 3.5, 0.75: 38.0, 0.8: 38.6, 0.85: 0.1, 0.9: 0.6, 1.0: 9.9},
    1999: {0.5: 16.5, 0.7: 3.1, 0.75: 45.8, 0.8: 24.3, 0.85: 0.1, 0.9: 0.3, 1.0: 9.9},
    2001: {0.5: 49.5, 0.7: 0.8, 0.75: 21.9, 0.8: 0.5, 0.85: 21.4, 0.9: 0.2, 1.0: 5.7},
    2006: {0.5: 66.2, 0.7: 0.2, 0.75: 10.1, 0.85: 13.8, 0.9: 4.4, 1.0: 5.3},
}

# The guaranteed part gives the programme away.
PROGRAMMES = {
    0.5: "express", 0.7: "large", 0.75: "large", 0.8: "small", 0.85: "small", 0.9: "small",
    1.0: "large",
}  # fmt: skip

HABITS = {
    (1990, "express"): Habit(0.0, 44.7, 0.0, 47.9),
    (1990, "small"): Habit(0.2, 2.8, 24.8, 69.7),
    (1990, "large"): Habit(0.6, 7.0, 4.3, 72.9),
    (1996, "express"): Habit(35.8, 62.1, 0.0, 37.9),
    (1996, "small"): Habit(0.3, 21.0, 77.2, 76.6),
    (1996, "large"): Habit(0.5, 43.0, 0.7, 63.3),
    (1999, "express"): Habit(62.0, 36.7, 0.0, 44.5),
    (1999, "small"): Habit(0.8, 83.1, 66.9, 79.7),
    (1999, "large"): Habit(0.8, 58.1, 8.7, 64.8),
    (2001, "express"): Habit(58.7, 27.8, 0.0, 29.1),
    (2001, "small"): Habit(2.1, 83.7, 49.8, 65.6),
    (2001, "large"): Habit(1.3, 57.8, 0.4, 61.2),
    (2006, "express"): Habit(60.5, 11.4, 0.0, 29.8),
    (2006, "small"): Habit(6.9, 23.9, 0.0, 44.4),
    (2006, "large"): Habit(1.1, 56.7, 0.0, 61.4),
}
LOW_DOC_UNKNOWN = 0.6

QUANTILES = (0, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1)

THOUSAND_DOLLARS = {
    "express": (1, 2, 5, 10, 10, 20, 35, 60, 100, 150, 316, 1_000, 1_500),
    "small": (4, 5, 5, 10, 16, 35, 75, 124, 225, 385, 800, 1_500, 1_700),
    "large": (8, 15, 35, 85, 120, 184, 300, 555, 964, 1_180, 1_900, 2_256, 3_700),
}
EMPLOYEES = (0, 0, 1, 1, 1, 2, 4, 10, 22, 35, 90, 275, 5_511)
JOBS_CREATED = (1, 1, 1, 1, 1, 2, 3, 6, 15, 25, 50, 451, 800)  # of those that create any
JOBS_RETAINED = (1, 1, 1, 1, 1, 2, 4, 8, 18, 30, 78, 275, 550)  # of those that retain any

BUSINESS_AGES: dict[str, Pair] = {
    "existing": (72.0, 17.0), "new": (27.9, 19.0), "unknown": (0.1, 8.0),
}  # fmt: skip

FRANCHISES: dict[bool, Pair] = {True: (5.6, 15.6), False: (94.4, 17.7)}

STATES: dict[str, Pair] = {
    "AK": (0.2, 10.4), "AL": (1.0, 16.2), "AR": (0.7, 19.6), "AZ": (1.8, 22.2),
    "CA": (15.2, 18.6), "CO": (2.2, 19.5), "CT": (1.2, 16.9), "DC": (0.2, 18.1),
    "DE": (0.2, 19.4), "FL": (4.9, 25.9), "GA": (2.5, 25.7), "HI": (0.4, 13.0),
    "IA": (1.4, 9.6), "ID": (1.0, 17.0), "IL": (3.5, 21.1), "IN": (1.7, 17.8),
    "KS": (1.2, 11.6), "KY": (0.9, 17.7), "LA": (1.2, 14.9), "MA": (2.8, 12.1),
    "MD": (1.4, 20.1), "ME": (0.7, 11.9), "MI": (2.2, 23.7), "MN": (2.6, 13.4),
    "MO": (2.2, 13.1), "MS": (0.9, 13.2), "MT": (0.8, 9.0), "NC": (1.4, 23.3), "ND": (0.6, 5.3),
    "NE": (0.7, 12.0), "NH": (1.3, 10.2), "NJ": (2.4, 22.3), "NM": (0.7, 13.5),
    "NV": (0.9, 21.5), "NY": (6.5, 20.1), "OH": (3.5, 15.7), "OK": (1.2, 13.4),
    "OR": (1.2, 14.8), "PA": (4.0, 13.0), "RI": (1.0, 9.6), "SC": (0.6, 23.3),
    "SD": (0.4, 10.7), "TN": (1.0, 21.6), "TX": (7.9, 18.8), "UT": (2.0, 17.8),
    "VA": (1.5, 17.4), "VT": (0.6, 8.7), "WA": (2.7, 14.3), "WI": (2.4, 10.7),
    "WV": (0.3, 12.9), "WY": (0.3, 2.8),
}  # fmt: skip

# Shares of the loans whose sector is known: ERAS says of how many it is not.
SECTORS: dict[str, Pair] = {
    "11": (1.11, 10.7), "21": (0.25, 7.8), "22": (0.10, 14.7), "23": (9.14, 24.0),
    "31": (1.49, 20.1), "32": (3.02, 15.2), "33": (5.51, 13.0), "42": (7.26, 17.9),
    "44": (12.28, 23.2), "45": (5.93, 25.2), "48": (2.92, 26.2), "49": (0.39, 18.3),
    "51": (1.43, 27.8), "52": (1.56, 27.5), "53": (2.03, 27.4), "54": (9.61, 20.4),
    "55": (0.02, 19.2), "56": (4.77, 22.7), "61": (0.86, 23.9), "62": (8.40, 10.0),
    "71": (2.14, 21.2), "72": (9.85, 21.2), "81": (9.89, 21.2), "92": (0.04, 14.7),
    "unknown": (0.00, 5.9),
}  # fmt: skip

# Shares of the loans whose bank is not in the borrower's state: HABITS says of how many it is.
LENDER_STATES: dict[str, Pair] = {
    "same": (0.0, 9.9), "unknown": (0.3, 6.3), "NC": (16.8, 32.4), "SD": (11.2, 19.3),
    "IL": (10.8, 25.4), "CA": (10.1, 40.3), "RI": (8.9, 21.9), "OH": (8.7, 20.1),
    "VA": (6.6, 39.3), "DE": (5.5, 23.6), "TX": (3.2, 14.2), "NY": (2.5, 35.8),
    "OR": (1.5, 25.6), "AL": (1.3, 12.4), "SC": (1.2, 15.5), "UT": (1.2, 19.0),
    "DC": (1.2, 6.1), "GA": (0.9, 12.5), "CT": (0.9, 19.9), "PA": (0.7, 6.0), "FL": (0.7, 37.3),
    "MO": (0.6, 13.8), "TN": (0.5, 12.9), "CO": (0.5, 9.1), "NJ": (0.5, 14.2),
    "NV": (0.4, 13.0), "MD": (0.4, 14.0), "MA": (0.4, 13.4), "AR": (0.4, 10.9),
    "MN": (0.4, 12.6),
}  # fmt: skip

# Rates of what has no shares above; of numbers, by the lowest value of each class.
AREAS = {"urban": 24.8, "rural": 18.8, "unknown": 5.5}
REVOLVING = {"yes": 25.9, "no": 13.8, "unknown": 16.6}
LOW_DOC = {"yes": 9.2, "no": 18.6, "unknown": 25.3}
GUARANTEES = {0.5: 26.7, 0.7: 5.5, 0.75: 13.0, 0.8: 7.2, 0.85: 24.3, 0.9: 5.7, 1.0: 1.7}
BY_AMOUNT = {
    0: 29.3, 15_000: 26.1, 25_000: 24.5, 50_000: 21.4, 75_000: 13.8, 100_000: 15.3, 150_000: 10.2,
    250_000: 9.2,
}  # fmt: skip
BY_EMPLOYEES = {0: 22.7, 2: 20.6, 4: 18.6, 6: 16.8, 9: 13.7, 13: 11.8, 21: 9.0, 41: 6.6}
BY_JOBS_CREATED = {0: 15.4, 1: 28.4, 3: 21.8, 6: 15.3, 11: 12.2, 21: 9.8}
BY_JOBS_RETAINED = {0: 8.5, 1: 28.6, 6: 25.9, 11: 18.8, 21: 13.9, 51: 8.3}
