"""Columns of the SBA file that a loan model must not see, each with the reason."""

from train.leaks import Guard

AFTER = "it is written down after the outcome is known"
REWRITTEN = "the file rewrites it when a loan is charged off: alone it ranks nearly all loans right"
LATER = "it is known only some time after the approval"
HOLDER = "it names who holds the loan now, not who made it"
PERIOD = "it stands for the time of the approval, which says nothing of loans to come"

BANNED = {
    "MIS_Status": "it is the outcome",
    "ChgOffDate": AFTER,
    "ChgOffPrinGr": AFTER,
    "BalanceGross": AFTER,
    "Term": REWRITTEN,
    "term_months": REWRITTEN,
    "RealEstate": "it follows from Term",
    "Recession": "it follows from Term",
    "daysterm": "it follows from Term",
    "xx": "it follows from Term",
    "DisbursementDate": LATER,
    "DisbursementGross": LATER,
    "Bank": HOLDER,
    "ApprovalDate": PERIOD,
    "ApprovalFY": PERIOD,
    "LoanNr_ChkDgt": "it is a number given in the order of approval",
    "Name": "it names persons",
}
GUARD = Guard(BANNED)
