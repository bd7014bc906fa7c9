"""Models and their families."""

from __future__ import annotations

import os
from pathlib import Path

from ovtui.records import Model, OwnGraph
from ovtui.sanitize import plain
from ovtui.store.codec import from_bytes, from_text, to_bytes, to_text
from ovtui.store.database import Database
from ovtui.store.finding import after_prefix, searchable


class Models:
    """The models that were imported or made."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, model: Model, graph: OwnGraph | None = None) -> None:
        """Add a model, or what is new about one that is there. Its parent is there already."""
        with self._database.transaction():
            self._database.write(
                """
                INSERT INTO families (id, name, created) VALUES (:family, :name, :created)
                ON CONFLICT (id) DO NOTHING
                """,
                {"family": model.family, "name": model.name, "created": model.created},
            )
            self._database.write(
                """
                INSERT INTO models (id, family, parent, name, path, sha256, created, record)
                VALUES (:id, :family, :parent, :name, :path, :sha256, :created, :record)
                ON CONFLICT (id) DO UPDATE SET
                    name = excluded.name, path = excluded.path, sha256 = excluded.sha256, record = excluded.record
                """,
                {
                    "id": model.id,
                    "family": model.family,
                    "parent": model.parent,
                    "name": model.name,
                    "path": model.path,
                    "sha256": model.sha256,
                    "created": model.created,
                    "record": to_text(model),
                },
            )
            if graph is not None:
                self._database.write(
                    "INSERT OR REPLACE INTO graphs (model, data) VALUES (:model, :data)",
                    {"model": model.id, "data": to_bytes(graph)},
                )

    def graph(self, model_id: str) -> OwnGraph | None:
        """None for a model that an earlier version of ovtui imported."""
        row = self._database.row("SELECT data FROM graphs WHERE model = :model", {"model": model_id})
        return from_bytes(row["data"], OwnGraph) if row else None

    def get(self, model_id: str) -> Model | None:
        row = self._database.row("SELECT record FROM models WHERE id = :id", {"id": searchable(model_id)})
        return from_text(row["record"], Model) if row else None

    def find(self, text: str) -> list[Model]:
        """The models that `text` may mean, newest first.

        An id or its beginning (4 characters), a name, a path (from the working folder, too), or the beginning of a
        SHA-256 (8 characters).
        """
        text = searchable(text)
        prefix = text.lower()
        whole, straight = _absolute(text)
        rows = self._database.rows(
            """
            SELECT record FROM models
            WHERE id = :text OR name = :text OR path IN (:text, :whole, :straight)
                OR (length(:prefix) >= 4 AND id >= :prefix AND id < :after)
                OR (length(:prefix) >= 8 AND sha256 >= :prefix AND sha256 < :after)
            ORDER BY created DESC
            """,
            {"text": text, "whole": whole, "straight": straight, "prefix": prefix, "after": after_prefix(prefix)},
        )
        return [from_text(row["record"], Model) for row in rows]

    def called(self, model: Model) -> str:
        """What means this model on a command line: its name, unless that could mean another one, or cannot be typed."""
        if plain(model.name) != model.name:
            return model.id
        alone = [found.id for found in self.find(model.name)] == [model.id]
        return model.name if alone and not os.path.lexists(model.name) else model.id

    def with_content(self, path: str, sha256: str) -> Model | None:
        """The newest model that was read from this path when it held this content."""
        row = self._database.row(
            "SELECT record FROM models WHERE path = :path AND sha256 = :sha256 ORDER BY created DESC LIMIT 1",
            {"path": path, "sha256": sha256},
        )
        return from_text(row["record"], Model) if row else None

    def all(self) -> list[Model]:
        """Newest first."""
        return [
            from_text(row["record"], Model)
            for row in self._database.rows("SELECT record FROM models ORDER BY created DESC")
        ]

    def family(self, family_id: str) -> list[Model]:
        """A model and its versions, oldest first."""
        rows = self._database.rows(
            "SELECT record FROM models WHERE family = :family ORDER BY created", {"family": family_id}
        )
        return [from_text(row["record"], Model) for row in rows]


def _absolute(text: str) -> tuple[str, str]:
    """As an absolute path, which models have: as it was typed, and without what goes up and down again.

    The text itself where there is no working folder any more, or for what is no path.
    """
    try:
        expanded = os.path.expanduser(text)  # noqa: PTH111 (an unknown user's ~ is a name, too)
        return str(Path(expanded).absolute()), os.path.abspath(expanded)  # noqa: PTH100 (so is a zero byte)
    except (OSError, ValueError):
        return text, text
