"""What data looks like to a model, in words and a picture of characters."""

from __future__ import annotations

from rich.text import Text

from ovtui import formatting
from ovtui.records import Preview
from ovtui.report.pages.of_optimization import preprocessing_in_words
from ovtui.sanitize import plain


def preview_text(seen: Preview) -> Text:
    """What data looks like to the network."""
    text = Text(f"{formatting.plural(seen.samples, 'sample')} looked at")
    if seen.skipped:
        text.append(f", {len(seen.skipped):,} cannot be read: {plain(', '.join(seen.skipped[:3]), 80)}")
    if seen.labelled:
        text.append(f"; {seen.labelled:,} have labels, of {seen.classes or 0:,} classes")
    made = preprocessing_in_words(seen.preprocessing)
    if made is not None:
        text.append(f"\nPreprocessing {made}.")
    text.append("\n")
    for line in seen.thumbnail:
        text.append(f"\n  {line}")
    text.append("\n\nAs the network sees it:\n" if seen.thumbnail else "\nAs the network sees it:\n", style="bold")
    for each in seen.ranges:
        channel = "" if each.channel is None else f" channel {each.channel}"
        low, mean, high = (formatting.number(value) for value in (each.min, each.mean, each.max))
        text.append(f"  {plain(each.input, 40)}{channel}: {low} to {high}, mean {mean}\n")
    for warning in seen.warnings:
        text.append(f"\n! {plain(warning)}", style="yellow")
    return text
