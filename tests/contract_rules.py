"""What a JSON schema can not say: rules that the bodies which schemathesis makes are held to."""

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """A loan's guarantee is at most its sum, a review has something to read, and 5.0 is no count.

    To JSON Schema 5.0 is an integer like 5; to the service it is the sign of a column that was
    read as numbers with gaps.
    """
    if isinstance(case.body, dict):
        case.body = {name: _mapped(value) for name, value in case.body.items()}


def _mapped(value):
    if isinstance(value, list):
        return [_kept(each) if isinstance(each, dict) else each for each in value]
    return value


def _kept(row):
    kept = {name: _whole(value) for name, value in row.items()}
    whole, part, text = (
        kept.get(name) for name in ("gross_approval_usd", "sba_guaranteed_usd", "text")
    )
    if isinstance(whole, (int, float)) and isinstance(part, (int, float)):
        kept["sba_guaranteed_usd"] = min(whole, part)
    if isinstance(text, str) and text and not text.strip():
        kept["text"] = "x" * len(text)
    return kept


def _whole(value):
    return int(value) if isinstance(value, float) and value.is_integer() else value
