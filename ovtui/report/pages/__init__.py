"""Reports for people: runs, comparisons and explorations as documents, and these as Markdown and HTML.

Whatever makes a document (`of_run`, `of_comparison`, `of_exploration`) says what stands in it, and carries names as
they are. Whatever renders one (`markdown`, `html`, `svg`) makes them harmless, each in one place.
"""
