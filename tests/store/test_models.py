"""Models are found again by whatever a person has of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovtui.errors import StoreError
from ovtui.store import Store

from .samples import NOW, a_model


def test_a_model_comes_back_as_it_was(store: Store) -> None:
    store.models.save(a_model())
    assert store.models.get("m0model000") == a_model()
    assert store.models.get("m0") is None


def test_saving_again_keeps_what_is_new(store: Store) -> None:
    store.models.save(a_model())
    store.models.save(a_model(name="renamed"))
    assert [model.name for model in store.models.all()] == ["renamed"]
    assert store.models.find("renamed") and not store.models.find("net-m0model000")


@pytest.mark.parametrize(
    "text",
    [
        "m0model000",
        "m0mo",
        "M0MO",
        "net-m0model000",
        "/models/m0model000.onnx",
        a_model().sha256,
        a_model().sha256[:8],
        a_model().sha256[:8].upper(),
    ],
)
def test_it_is_found_by(store: Store, text: str) -> None:
    store.models.save(a_model())
    store.models.save(a_model("q1other000"))
    assert [model.id for model in store.models.find(text)] == ["m0model000"]


@pytest.mark.parametrize("text", ["", "m0m", "net", "%", "m0%", a_model().sha256[:7], "\udcff", "m0mo\x00", "/models"])
def test_it_is_not_found_by(store: Store, text: str) -> None:
    store.models.save(a_model())
    assert store.models.find(text) == []


def test_a_path_that_goes_up_is_the_one_that_was_imported(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import keeps what was typed, below the folder in which it was: `..` may lead elsewhere through a link."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    store.models.save(a_model(path=f"{tmp_path}/here/../net.xml"))
    store.models.save(a_model("q1other000", path=f"{tmp_path}/flat.xml"))
    assert [model.id for model in store.models.find("../net.xml")] == ["m0model000"]
    assert [model.id for model in store.models.find("../flat.xml")] == ["q1other000"]


def test_models_of_one_name_come_newest_first(store: Store) -> None:
    for n in (1, 3, 2):
        store.models.save(a_model(f"m{n}model000", name="same", created=NOW + n))
    assert [model.id[:2] for model in store.models.find("same")] == ["m3", "m2", "m1"]
    assert [model.id[:2] for model in store.models.all()] == ["m3", "m2", "m1"]


def test_the_same_file_with_the_same_content_is_known(store: Store) -> None:
    model = a_model()
    store.models.save(model)
    assert store.models.with_content(model.path, model.sha256) == model
    assert store.models.with_content(model.path, "0" * 64) is None
    assert store.models.with_content("/elsewhere", model.sha256) is None


def test_a_model_and_its_versions_are_a_family(store: Store) -> None:
    store.models.save(a_model())
    store.models.save(a_model("m1int80000", family="m0model000", parent="m0model000", created=NOW + 1))
    store.models.save(a_model("m2other000"))
    assert [model.id for model in store.models.family("m0model000")] == ["m0model000", "m1int80000"]


def test_a_version_needs_its_parent(store: Store) -> None:
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        store.models.save(a_model(parent="m9nowhere0"))
    assert store.models.all() == []
