"""What a JSON schema can not say: rules that the bodies which schemathesis makes are held to."""

import schemathesis


@schemathesis.hook
def map_body(context, body):
    """A loan's guarantee is at most its sum, and a review has something to read."""
    rows = body.get("rows") if isinstance(body, dict) else None
    if not isinstance(rows, list):
        return body
    return {**body, "rows": [_kept(row) if isinstance(row, dict) else row for row in rows]}


def _kept(row):
    kept = dict(row)
    whole, part, text = (
        row.get(name) for name in ("gross_approval_usd", "sba_guaranteed_usd", "text")
    )
    if all(isinstance(each, (int, float)) for each in (whole, part)):
        kept["sba_guaranteed_usd"] = min(whole, part)
    if isinstance(text, str) and text and not text.strip():
        kept["text"] = "x" * len(text)
    return kept
