"""The frame of a report: head, style and places for its parts. Light and dark follow the reader's system."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · mimika</title>
<style>
:root {{
  --font: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  --surface: #ffffff; --page: #f5f6f8; --ink: #16191d; --muted: #5b6470; --grid: #e3e6ea; --line: #dfe3e8;
  --accent: #1f6fd1; --bad: #d2452f;
  --s1: #1f6fd1; --s2: #d9480f; --s3: #0b8a63; --s4: #8a4fc4; --s5: #b7791f; --s6: #0f8ea3; --s7: #c2347a;
  --s8: #5b6470;
}}
@media (prefers-color-scheme: dark) {{
  :root {{
    --surface: #1b1e23; --page: #121417; --ink: #e9ecf0; --muted: #a2abb6; --grid: #31363e; --line: #31363e;
    --accent: #6aa9ff; --bad: #ff7a62;
    --s1: #6aa9ff; --s2: #ff8a5c; --s3: #3ccf9e; --s4: #bb92f0; --s5: #e2b04a; --s6: #4cc7da; --s7: #f07cb4;
    --s8: #a2abb6;
  }}
}}
* {{ box-sizing: border-box; }}
body {{ margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 var(--font); }}
header, main, footer {{ max-width: 1080px; margin: 0 auto; padding: 0 20px; }}
header {{ padding-top: 44px; padding-bottom: 8px; }}
h1 {{ font-size: 32px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; }}
h2 {{ font-size: 22px; margin: 0 0 4px; }}
h3 {{ font-size: 17px; margin: 34px 0 4px; }}
p {{ margin: 0 0 12px; max-width: 92ch; color: var(--muted); }}
p.warning {{ color: var(--bad); }}
nav {{ display: flex; flex-wrap: wrap; gap: 8px; margin: 14px 0 4px; }}
nav a {{ color: var(--ink); text-decoration: none; border: 1px solid var(--line); border-radius: 999px;
  padding: 3px 12px; font-size: 14px; background: var(--surface); }}
nav a:hover, nav a:focus-visible {{ border-color: var(--accent); }}
section {{ background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 26px 28px;
  margin: 20px 0; }}
.wide {{ overflow-x: auto; margin: 10px 0 6px; }}
table {{ border-collapse: collapse; font-size: 14.5px; font-variant-numeric: tabular-nums; width: 100%; }}
th, td {{ padding: 7px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }}
th:first-child, td:first-child {{ text-align: left; padding-left: 0; }}
thead th {{ color: var(--muted); font-weight: 500; font-size: 13px; vertical-align: bottom; }}
tbody th {{ font-weight: 500; }}
tbody tr:last-child > * {{ border-bottom: 0; }}
table.even {{ table-layout: fixed; }}
table.even th:first-child {{ width: 230px; white-space: normal; }}
td.best {{ font-weight: 700; }}
td small, .lost small {{ color: var(--muted); font-size: 12px; }}
td.lost {{ background: color-mix(in srgb, var(--bad) calc(var(--share) * 62%), transparent); }}
td.lost small {{ display: inline-block; min-width: 3.4em; color: inherit; opacity: 0.75; }}
td.shade {{ background: color-mix(in srgb, var(--accent) calc(var(--share) * 78%), transparent); }}
.none {{ color: var(--muted); }}
.key {{ display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 8px; }}
.note {{ border-left: 3px solid var(--line); padding: 2px 0 2px 14px; margin: 14px 0; font-size: 14.5px; }}
.note p {{ margin: 0; }}
ul {{ margin: 4px 0; padding-left: 20px; }}
figure {{ margin: 8px 0 0; }}
figure > svg {{ width: 100%; height: auto; display: block; }}
.matrices {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(430px, 1fr)); gap: 26px 30px; }}
figcaption {{ font-weight: 600; font-size: 14.5px; margin-bottom: 4px; }}
table.matrix {{ font-size: 13px; table-layout: fixed; }}
table.matrix th, table.matrix td {{ padding: 6px 2px; text-align: center; border: 1px solid var(--surface); }}
table.matrix thead th {{ height: 74px; padding: 0; }}
table.matrix thead span {{ display: inline-block; writing-mode: vertical-rl; transform: rotate(180deg); }}
table.matrix th:first-child {{ text-align: right; width: 84px; padding-right: 8px; color: var(--muted);
  font-weight: 500; }}
details {{ margin-top: 12px; font-size: 14.5px; }}
summary {{ cursor: pointer; color: var(--accent); }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; font-size: 14px; margin: 6px 0 12px; }}
dt {{ color: var(--muted); }}
dd {{ margin: 0; overflow-wrap: anywhere; }}
footer {{ padding-bottom: 60px; }}
@media (max-width: 640px) {{
  section {{ padding: 18px 16px; }}
  .matrices {{ grid-template-columns: 1fr; overflow-x: auto; }}
}}
@media print {{ body {{ background: none; }} section {{ border: 0; padding: 0; break-inside: auto; }} }}
</style>
</head>
<body>
<header><h1>{title}</h1><p>{lead}</p>{links}</header>
<main>{body}
<section id="how"><h2>How it was measured</h2>
<p>Accuracy is top-1; intervals are 95 % by bootstrap over the pictures. Macro-F1 and balanced accuracy weigh all
classes alike. ECE is the mean gap between confidence and accuracy over 15 bins. Nothing was chosen on these
pictures.</p>
{how}</section></main>
<footer><p>Measured by mimika. Expressions are what faces show, not what people feel.</p></footer>
</body>
</html>
"""
