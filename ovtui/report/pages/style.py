"""The look of an HTML report: sober, light and dark, on a screen and on paper."""

from __future__ import annotations

_LIGHT = {
    "paper": "#ffffff", "text": "#1d1f23", "muted": "#60656f", "line": "#d9dce1", "soft": "#f4f5f7",
    "good": "#1a7f4b", "warning": "#9a6200", "bad": "#b3261e",
    "stroke0": "#0b62c4", "stroke1": "#c2500a", "stroke2": "#0f7b55", "stroke3": "#7a3fb0",
    "heat0": "#eef4fb", "heat1": "#cfe1f5", "heat2": "#a3c8ec", "heat3": "#6ea7dd", "heat4": "#2f78bf",
    "heat5": "#0d4b8c",
}  # fmt: skip
_DARK = {
    "paper": "#15171b", "text": "#e4e6ea", "muted": "#a0a6b0", "line": "#363a42", "soft": "#1f2228",
    "good": "#5cc98f", "warning": "#e0ad4d", "bad": "#f0837b",
    "stroke0": "#6cb0f5", "stroke1": "#f0995c", "stroke2": "#56c596", "stroke3": "#c196ec",
    "heat0": "#1d2733", "heat1": "#1f3a57", "heat2": "#22527f", "heat3": "#2d71ac", "heat4": "#58a0dc",
    "heat5": "#a9d2f7",
}  # fmt: skip


def style() -> str:
    """The whole style sheet."""
    dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{_variables(_DARK)}}}}}"
    return f":root{{{_variables(_LIGHT)}}}{dark}{_RULES}"


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in colours.items())


_RULES = (
    """
*{box-sizing:border-box}
body{margin:0 auto;padding:2.2rem 1.2rem 4rem;max-width:62rem;background:var(--paper);color:var(--text);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;overflow-wrap:anywhere}
h1{margin:0;font-size:1.7rem;line-height:1.25}
h2{margin:2.4rem 0 .7rem;padding-bottom:.25rem;border-bottom:1px solid var(--line);font-size:1.2rem}
h3{margin:1.6rem 0 .5rem;font-size:1rem}
p{margin:.6rem 0;max-width:48rem}
.sub,.foot,caption,figcaption{color:var(--muted)}
.foot{margin-top:3rem;font-size:.85rem}
.verdict{margin:1.2rem 0;padding:.7rem 1rem;border-left:4px solid var(--muted);background:var(--soft);font-size:1.1rem}
.verdict.good{border-color:var(--good)}.verdict.warning{border-color:var(--warning)}.verdict.bad{border-color:var(--bad)}
.warnings{margin:1rem 0;padding:.6rem 1rem;border-left:4px solid var(--warning);background:var(--soft)}
.warnings ul{margin:.2rem 0;padding-left:1.2rem}
pre{margin:.5rem 0;padding:.6rem .8rem;background:var(--soft);white-space:pre-wrap}
code,pre{font:13px/1.45 ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace}
.scroll{overflow-x:auto;margin:.8rem 0}
table{border-collapse:collapse;width:100%;font-size:.92rem}
caption{padding:.2rem 0;text-align:left;font-size:.92rem}
th,td{padding:.28rem .7rem .28rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
thead th{color:var(--muted);font-weight:600;white-space:nowrap}
th.n,td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.c{font:13px/1.6 ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace}
td.s{width:9rem;white-space:nowrap;font-variant-numeric:tabular-nums}
td.s svg{display:inline-block;width:5rem;height:.7rem;margin-right:.5rem;vertical-align:baseline;background:var(--soft)}
tr.marked td{font-weight:650}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.2rem 1.2rem;margin:.6rem 0}
dt{color:var(--muted)}dd{margin:0}
figure{margin:1.1rem 0;break-inside:avoid}
figcaption{font-size:.92rem}
figure svg{display:block;width:100%;height:auto;max-width:760px}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;fill:var(--text)}
svg .end{text-anchor:end}svg .middle{text-anchor:middle}svg .strong{font-weight:650}svg .name{fill:var(--muted)}
svg .grid{stroke:var(--line);stroke-width:1}svg .axis{stroke:var(--muted);stroke-width:1}
svg .rule{stroke:var(--text);stroke-width:1.2;stroke-dasharray:5 4;fill:none}
svg .doubt{fill:var(--text);opacity:.1}svg .shade0{fill:var(--muted);opacity:.16}
svg .shade1{fill:var(--stroke1);opacity:.2}
svg .whisker{stroke:var(--muted);stroke-width:1}svg .plain{fill:var(--muted);opacity:.75}
svg .fill{fill:var(--stroke0);opacity:.85}svg .failed{fill:none;stroke:var(--line);stroke-dasharray:3 3}
svg .best{stroke:var(--stroke1);stroke-width:3}
svg .dashed{stroke-dasharray:6 4}
svg .stroke0,svg .stroke1,svg .stroke2,svg .stroke3{fill:none;stroke-width:1.8;stroke-linejoin:round}
svg .thin{stroke-width:1.2}
"""
    + "".join(
        f"svg .stroke{n}{{stroke:var(--stroke{n})}}svg .point{n}{{fill:var(--stroke{n})}}"
        f"svg .band{n}{{fill:var(--stroke{n});opacity:.18}}"
        for n in range(4)
    )
    + "".join(
        f"svg .heat{n}{{fill:var(--heat{n})}}svg .on{n}{{fill:var(--{'text' if n < 4 else 'paper'})}}" for n in range(6)
    )
    + """
@media print{body{max-width:none;padding:0;font-size:11pt}h2,h3{break-after:avoid}tr,figure,.verdict{break-inside:avoid}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
)
