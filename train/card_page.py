"""A model card as one HTML page: readable on a phone, on paper, and without a network."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from train.card import Card, Row, Table
    from train.picture import Picture

STYLE = """
:root { color-scheme: light }
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff;
  max-width: 60rem; margin: auto; padding: 1rem }
h1 { margin: 0 0 .3rem; line-height: 1.2 }
h2 { margin: 2rem 0 .5rem; font-size: 1.2rem; break-after: avoid }
.data { border-left: .3rem solid #d55e00; padding: .3rem .8rem; background: #fdf3ec }
.passed { color: #00684a }
.failed { color: #b00020 }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-size: .9rem; min-width: 50% }
th, td { border-bottom: 1px solid #ddd; padding: .25rem .7rem .25rem 0; text-align: left;
  vertical-align: top }
th { border-bottom-color: #555 }
td { font-variant-numeric: tabular-nums; overflow-wrap: break-word; max-width: 36rem }
.note { font-size: .85rem; color: #555; margin: .4rem 0 }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr));
  gap: 1rem }
figure { margin: 0; break-inside: avoid }
figure img { width: 100%; height: auto }
figcaption { font-size: .85rem; color: #555 }
@media print {
  body { font-size: 10pt; max-width: none; padding: 0 }
  .scroll { overflow: visible }
  .pictures { grid-template-columns: 1fr 1fr }
  tr { break-inside: avoid }
}
"""


def page(card: Card) -> str:
    """Everything in one file; what comes from outside is escaped."""
    use = "".join(f"<p><strong>{escape(n)}.</strong> {escape(t)}</p>\n" for n, t in card.use)
    cautions = "".join(f"<li>{escape(caution)}</li>" for caution in card.cautions)
    tables = "".join(_table(table) for table in card.tables)
    return f"""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(card.title)}</title>
<style>{STYLE}</style>
<h1>{escape(card.title)}</h1>
<p class="data"><strong>{escape(card.data)}</strong></p>
<p>{escape(card.predicts)}</p>
{use}<h2>Mind</h2>
<ul>{cautions}</ul>
{_pictures(card.pictures)}{tables}</html>
"""


def _pictures(pictures: Sequence[Picture]) -> str:
    if not pictures:
        return ""
    figures = "".join(_figure(picture) for picture in pictures)
    return f'<h2>Pictures</h2>\n<div class="pictures">\n{figures}</div>\n'


def _figure(picture: Picture) -> str:
    """As an image of its own: two drawings in one page would share the names of their parts."""
    data = base64.b64encode(picture.svg).decode()
    return (
        f'<figure><img alt="{escape(picture.title)}" src="data:image/svg+xml;base64,{data}">'
        f"<figcaption><strong>{escape(picture.title)}.</strong> {escape(picture.alt)}</figcaption>"
        "</figure>\n"
    )


def _table(table: Table) -> str:
    head, *body = table.rows
    lines = [_row(head, "th"), *(_row(row, "td") for row in body)]
    mark = f' class="{head[0]}"' if table.heading == "Gate" else ""
    note = f'<p class="note">{escape(table.note)}</p>\n' if table.note else ""
    return (
        f"<h2>{escape(table.heading)}</h2>\n"
        f'<div class="scroll"><table{mark}>\n{"".join(lines)}</table></div>\n{note}'
    )


def _row(row: Row, cell: str) -> str:
    return "<tr>" + "".join(f"<{cell}>{escape(text)}</{cell}>" for text in row) + "</tr>\n"
