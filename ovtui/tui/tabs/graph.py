"""Graph: what the device runs and what the model says, as lanes or boxes, with the details of what is selected."""

from __future__ import annotations

from typing import ClassVar, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from ovtui.analysis.filtering import half
from ovtui.analysis.graph.finding import consumers, producers, search, terms
from ovtui.analysis.graph.folding import Shown
from ovtui.analysis.graph.linking import Links, counterpart
from ovtui.analysis.graph.model import Graph, Kind, original, runtime
from ovtui.analysis.layers import took
from ovtui.formatting import NOTHING, count, percent, plural, shape
from ovtui.sanitize import plain
from ovtui.tui.profile_view import ProfileView
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.screens.text_dialog import TextDialog
from ovtui.tui.tabs.layers import details, fate, listed
from ovtui.tui.widgets.field import Field
from ovtui.tui.widgets.graphview import GraphView


class GraphTab(Vertical):
    """The two graphs of a run; what is selected in one is selected in the other."""

    DEFAULT_CSS = """
    GraphTab { height: 1fr; }
    GraphTab > #graph-words { height: 1; padding: 0 1; color: $dim; text-wrap: nowrap; text-overflow: ellipsis; }
    GraphTab > #graph-search { height: 1; margin: 0 1; }
    GraphTab > GraphView { height: 1fr; }
    GraphTab > #graph-details {
        height: 3; padding: 0 1; background: $surface; text-wrap: nowrap; text-overflow: ellipsis;
    }
    GraphTab.tall > #graph-details { height: 7; }
    GraphTab.away > #graph-details { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", key_display="/"),
        Binding("o", "other", "Own graph"),
        Binding("d", "details", "Details"),
        Binding("i", "away", "Put the details below away, or back", show=False),
        Binding("y", "copy", "Copy", show=False),
    ]

    class Chosen(Message):
        """Enter on a node of the graph that the device runs: show it in the table."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._seen: ProfileView | None = None
        self._kind: Kind = "runtime"
        self._shown: dict[Kind, Shown] = {}
        self._half: str | None = None  # a term of what is searched for that says nothing
        self._came: tuple[int | None, int | None] = (None, None)  # from which node of the other graph to which here

    def compose(self) -> ComposeResult:
        yield Static(id="graph-words")
        field = Field(placeholder="words of names, type:conv, kernel:ref, shape:1x64, time>50us …",
                      id="graph-search", compact=True)  # fmt: skip
        field.display = False
        yield field
        yield GraphView(id="graph-view")
        yield Static(id="graph-details")

    def on_resize(self) -> None:
        self.set_class(self.size.height >= 28, "tall")

    def show(self, seen: ProfileView, runtime_graph: Shown) -> None:
        """Show this run's graphs from now on, first the one that the device runs."""
        self._seen, self._shown = seen, {"runtime": runtime_graph}
        self.query_one(GraphView).show(runtime_graph)

    @property
    def graph(self) -> Graph | None:
        """The one that is shown."""
        return self._shown[self._kind].graph if self._kind in self._shown else None

    def explain(self, why: str) -> None:
        """Say why there is none."""
        self.query_one("#graph-words", Static).update(Text(why))
        self.query_one("#graph-view").display = self.query_one("#graph-details").display = False

    @property
    def place(self) -> int | None:
        """The layer that is selected; of the model's own graph, the one that stands for the operation."""
        seen, node = self._seen, self.query_one(GraphView).node
        if seen is None or node is None or self._kind == "runtime":
            return node
        return counterpart(self._shown["original"].graph, [each.layers for each in seen.origins.operations], node)

    def follow(self, place: int) -> None:
        """Select a layer, or what it is made of, in the graph that is shown."""
        seen, view = self._seen, self.query_one(GraphView)
        if seen is None or place == self.place:
            return
        if self._kind == "runtime":
            view.select(place)
            return
        node = view.node
        if node is not None and place in seen.origins.operations[node].layers:
            return
        target = counterpart(self._shown["runtime"].graph, seen.origins.layers, place)
        self._came = place, target
        view.show(self._shown["original"], target, linked=seen.origins.layers[place])
        self._search_again()

    def select(self, place: int) -> None:
        """Bring the cursor to a layer in the graph that the device runs."""
        view = self.query_one(GraphView)
        if self._kind != "runtime":
            self._kind, self._came = "runtime", (None, None)
            view.show(self._shown["runtime"], place)
            self._search_again()
        else:
            view.select(place)

    # -- what is shown

    def on_graph_view_moved(self, event: GraphView.Moved) -> None:
        event.stop()
        self._headline()
        self._detail()

    def _headline(self) -> None:
        view = self.query_one(GraphView)
        drawn = view.drawn
        if drawn is None:
            return
        graph = drawn.shown.graph
        name = "What the device runs" if self._kind == "runtime" else "The model's own"
        parts = [plural(len(graph), "node"), plural(graph.edges, "edge")]
        if graph.total_us:
            parts.append(took(graph.total_us))
        elif drawn.shown.total:
            parts.append(f"{count(drawn.shown.total)}FLOPs")
        if view.found is not None:  # what was asked for last comes before what is always so
            parts.insert(0, f"{len(view.found):,} found")
        if view.path and (path := drawn.shown.critical).share is not None:
            parts.append(f"critical path {took(path.length_us)} ({percent(path.share)})")
        if view.colours != "heat":
            parts.append(f"coloured by {view.colours}")
        text = f"{name}: {', '.join(parts)}"
        if self._half is not None:  # in few words: there is one line
            text = f"'{plain(self._half, 30)}' says nothing: time>50us does. {text}"
        self.query_one("#graph-words", Static).update(Text(text), layout=False)

    def _detail(self) -> None:
        box = self.query_one("#graph-details", Static)
        text = self._told() if box.display else None
        if text is not None:
            box.update(text, layout=False)

    def _told(self, *, whole: bool = False) -> Text | None:
        """What is known of what the cursor is on, in a few lines, or the `whole` of it; None while nothing is shown."""
        view, seen = self.query_one(GraphView), self._seen
        drawn = view.drawn
        if drawn is None or seen is None or not len(drawn):
            return None
        block, node = drawn.block(view.row), drawn.node(view.row)
        if block is not None:
            text = Text(plain(block.name or block.label, None if whole else 300), style="bold")
            cost = drawn.shown.cost_of(block)
            share = percent(cost / drawn.shown.total) if drawn.shown.total else NOTHING
            unit = " µs" if drawn.shown.timed else "FLOPs"
            text.append(f"\n{plural(block.nodes, 'node')}, {drawn.shown.cost_text(cost) or '0'}{unit}, {share}",
                        style="not bold")  # fmt: skip
            if block.twins > 1:
                text.append(f", one of {block.twins} blocks of the same structure and shapes", style="not bold")
            if block.slower:
                text.append(f"; it takes {block.slower:.1f} × as long as they usually do")
            names, costs = drawn.shown.names, drawn.shown.costs
            hot = [
                f"{plain(names[each], None if whole else 60) or NOTHING} {drawn.shown.cost_text(costs[each])}"
                for each in drawn.shown.hottest(block, 30 if whole else 3)
            ]
            if hot and whole:
                text.append("\nmost of it:\n  " + "\n  ".join(hot), style="not bold dim")
            elif hot:
                text.append(f"\nmost of it: {', '.join(hot)}", style="not bold dim")
        elif node is None:
            text = Text("")
        elif self._kind == "runtime":
            text = details(seen, node, whole=whole)
        else:
            text = _operation(seen, drawn.shown.graph, node, whole=whole)
        return text

    # -- keys

    def on_graph_view_opened(self, event: GraphView.Opened) -> None:
        event.stop()
        if self._kind == "runtime":
            self.post_message(self.Chosen(event.node))
        else:
            self.action_other()

    def action_other(self) -> None:
        """The other graph, with the same thing selected: all that it became, or was made of, stands out there."""
        seen, view = self._seen, self.query_one(GraphView)
        if seen is None:
            return
        node, came = view.node, self._came
        graph = self._shown[self._kind].graph
        links: Links = seen.origins.layers
        if self._kind == "original":
            links = [origin.layers for origin in seen.origins.operations]
        target = None
        if node is not None:
            # Whoever only had a look comes back to where they were: one of several, or one without a counterpart.
            target = came[0] if node == came[1] and came[0] is not None else counterpart(graph, links, node)
        self._came = node, target
        self._kind = "original" if self._kind == "runtime" else "runtime"
        if self._kind not in self._shown:
            self._shown[self._kind] = own_graph(seen, self.size.height)
        view.show(self._shown[self._kind], target, linked=() if node is None else links[node])
        self._search_again()

    def action_search(self) -> None:
        field = self.query_one("#graph-search", Input)
        field.display = True
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._mark(event.value)

    def _mark(self, typed: str) -> None:
        view = self.query_one(GraphView)
        if view.drawn is not None:
            self._half = half(typed, terms)
            view.mark(search(view.drawn.shown.graph, typed) if terms(typed) else None)
            self._headline()

    def _search_again(self) -> None:
        """In the graph that is shown now."""
        self._mark(self.query_one("#graph-search", Input).value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        view = self.query_one(GraphView)
        view.focus()
        if terms(event.value):
            view.action_bottleneck(1)

    def action_details(self) -> None:
        """All of them, of which the lines below have room for the beginning."""
        view = self.query_one(GraphView)
        text = self._told(whole=True)
        if text is not None and view.drawn is not None:
            block = view.drawn.block(view.row) is not None
            title = "Block" if block else "Layer" if self._kind == "runtime" else "Operation"
            self.app.push_screen(TextDialog(title, text))

    def action_away(self) -> None:
        self.toggle_class("away")
        self._detail()

    def action_copy(self) -> None:
        text = self._told(whole=True)
        cast(OvtuiScreen, self.screen).ovtui.copy("" if text is None else text.plain, "the details")

    def back(self) -> bool:
        """Out of the search; False when there is nothing to leave."""
        field, view = self.query_one("#graph-search", Input), self.query_one(GraphView)
        if field.has_focus:
            view.focus()
            field.display = bool(field.value)
        elif field.display:
            field.value = ""
            field.display = False
        else:
            return False
        return True


def runtime_graph(seen: ProfileView, rows: int) -> Shown:
    """What the device runs; takes a moment for thousands of nodes."""
    return Shown(runtime(seen.profile), seen.names, rows)


def own_graph(seen: ProfileView, rows: int) -> Shown:
    """What the model says."""
    return Shown(original(seen.profile), [operation.name for operation in seen.profile.operations], rows)


def _operation(seen: ProfileView, graph: Graph, node: int, *, whole: bool) -> Text:
    operation = seen.profile.operations[node]
    text = Text(plain(operation.name, None if whole else 300) or NOTHING, style="bold")
    given = ", ".join(f"{plain(tensor.type)}{shape(tensor.shape)}" for tensor in operation.outputs)
    work = f", {count(operation.flops)}FLOPs" if operation.flops else ""
    text.append(f"\n{plain(operation.type)}  → {given or NOTHING}{work}", style="not bold")
    text.append(f"\n{fate(seen, node)}", style="not bold")
    text.append(f"\n{plain(operation.attributes) or 'no attributes'}", style="not bold dim")
    operations = seen.profile.operations
    for title, places in (("from", producers(graph, node)), ("to", consumers(graph, node))):
        names = [plain(operations[place].name, None if whole else 60) for place in places]
        text.append(listed(title, names, whole=whole), style="not bold dim")
    return text
