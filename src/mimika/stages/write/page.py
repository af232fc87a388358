"""The frame of a page that stands alone: one HTML file that asks for nothing from anywhere, for screen and paper.

Light and dark follow the reader's system; paper is always light.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #16191d; --muted: #5b6470; --line: #dfe3e8; --page: #f5f6f8; --surface: #fff;
  --accent: #1f6fd1; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); -webkit-print-color-adjust: exact;
  print-color-adjust: exact;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif; }
header, main, footer { max-width: 1040px; margin: 0 auto; padding: 0 22px; }
header { padding-top: 40px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 21px; margin: 0 0 2px; }
h3 { font-size: 15.5px; margin: 26px 0 8px; }
p { margin: 0 0 10px; color: var(--muted); max-width: 76ch; }
section { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 24px 26px;
  margin: 18px 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 12px; margin: 20px 0 4px; }
.tile { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; }
.tile b { display: block; font-size: 21px; line-height: 1.25; font-variant-numeric: tabular-nums;
  white-space: nowrap; }
.tile span { color: var(--muted); font-size: 13px; }
table { border-collapse: collapse; min-width: 64%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 5px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
td.words, th.words { text-align: left; }
td.wrap { white-space: normal; }
thead { display: table-header-group; }
thead th { color: var(--muted); font-weight: 500; font-size: 12.5px; }
tr { break-inside: avoid; }
.wide { overflow-x: auto; }
figure { margin: 14px 0 0; break-inside: avoid; }
@media (max-width: 720px) { .shots { grid-template-columns: repeat(4, 1fr); } section { padding: 18px 16px; }
  figure { overflow-x: auto; } figure svg { min-width: 620px; } td.words { min-width: 9em; } }
figcaption { color: var(--muted); font-size: 12.5px; margin-top: 4px; }
figure svg { width: 100%; height: auto; display: block; }
.shares { display: flex; height: 16px; border-radius: 4px; overflow: hidden; margin: 14px 0 8px; }
.legend { display: flex; flex-wrap: wrap; gap: 3px 18px; font-size: 13px; color: var(--muted); }
.legend b { color: var(--ink); font-weight: 600; font-variant-numeric: tabular-nums; }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px; }
.shots { display: grid; grid-template-columns: repeat(8, 1fr); gap: 12px; margin: 14px 0 0; }
.shot { break-inside: avoid; font-size: 12.5px; line-height: 1.35; }
.shot img { width: 100%; aspect-ratio: 1; border-radius: 8px; display: block; margin-bottom: 6px; object-fit: cover; }
.shot span { color: var(--muted); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 18px; font-size: 14px; margin: 8px 0 12px; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
ul { margin: 6px 0 0; padding-left: 20px; color: var(--muted); }
footer { padding-top: 4px; padding-bottom: 50px; font-size: 13.5px; }
.kicker { color: var(--accent); font-size: 13px; font-weight: 600; letter-spacing: 0.04em; margin: 0 0 4px; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e9ecf0; --muted: #a2abb6; --line: #31363e; --page: #121417; --surface: #1b1e23; --accent: #6aa9ff; }
  /* Charts come with the colours of paper. */
  figure svg text { fill: var(--muted) !important; }
  figure svg [style*="stroke: #dfe3e8"] { stroke: var(--line) !important; }
  figure svg [style*="stroke: #56606c"] { stroke: #a2abb6 !important; }
  figure svg [style*="stroke: #a83279"] { stroke: #e27cbc !important; }
  figure svg [style*="stroke: #0f7b6c"] { stroke: #3ccf9e !important; }
  figure svg [style*="fill: #16191d"] { fill: var(--ink) !important; stroke: var(--ink) !important; }
  figure svg [style*="fill: #d3d9e0"] { fill: #4a525d !important; }
  [style*="background:#d3d9e0"] { background: #4a525d !important; }
  figure svg image { filter: invert(1) hue-rotate(180deg) brightness(1.25); }
}
@page { size: A4; margin: 14mm 13mm; }
@media print {
  :root { color-scheme: light; }
  body { background: none; font-size: 10.5pt; }
  header, main, footer { max-width: none; padding: 0; }
  section { border: 0; padding: 0; margin: 16px 0 26px; border-radius: 0; }
  section + section { border-top: 1px solid var(--line); padding-top: 18px; }
  section.face + section.face { border: 0; padding: 0; break-before: page; }
  .tile { padding: 8px 12px; }
  .tiles { grid-template-columns: repeat(auto-fit, minmax(100px, 1fr)); gap: 8px; margin-top: 12px; }
  .tile b { font-size: 12.5pt; }
  .tile span { font-size: 8.5pt; }
  .shots { gap: 8px; }
  figure svg { max-height: 124mm; }
  .shot { font-size: 8pt; }
  table { font-size: 9pt; }
  th, td { padding: 3px 8px; }
  h2, h3 { break-after: avoid; }
  h3 { margin-top: 18px; }
  dl, ul { break-inside: avoid; font-size: 9pt; }
  .wide { overflow: visible; }
}
"""


def page(kicker: str, title: str, lead: str, body: str, footer: str, language: str = "en") -> str:
    """Return a whole page; `lead`, `body` and `footer` are HTML, `title` and the line above it, `kicker`, are text."""
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} · mimika</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<header><p class="kicker">{escape(kicker)}</p><h1>{escape(title)}</h1>{lead}</header>'
        f"\n<main>{body}</main>\n"
        f"<footer>{footer}</footer>\n</body>\n</html>\n"
    )


def table(heads: Iterable[str], rows: Iterable[Iterable[str]], words: Iterable[int] = ()) -> str:
    """Return a table of texts; columns of numbers stand at the right, the first and those in `words` at the left."""
    left = set(words)

    def cells(tag: str, texts: Iterable[str]) -> str:
        marked = ((' class="words wrap"' if at in left else "", text) for at, text in enumerate(texts))
        return "".join(f"<{tag}{mark}>{escape(text)}</{tag}>" for mark, text in marked)

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    head = f"<thead><tr>{cells('th', heads)}</tr></thead>"
    return f'<div class="wide" tabindex="0"><table>{head}<tbody>{body}</tbody></table></div>'


def tiles(values: Iterable[tuple[str, str]]) -> str:
    """Return a row of large numbers with what they mean below."""
    return '<div class="tiles">' + "".join(
        f'<div class="tile"><b>{escape(number)}</b><span>{escape(meaning)}</span></div>' for number, meaning in values
    ) + "</div>"  # fmt: skip


def facts(values: Iterable[tuple[str, str]]) -> str:
    """Return a list of names and texts, empty texts left out."""
    return "<dl>" + "".join(f"<dt>{escape(a)}</dt><dd>{escape(b)}</dd>" for a, b in values if b) + "</dl>"
