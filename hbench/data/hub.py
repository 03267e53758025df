"""Asking the hub: which commit a repository has now, and what its client raises when it gets no answer."""

from __future__ import annotations

from hbench.errors import DataError


def failures() -> tuple[type[Exception], ...]:
    """Return what the hub's client raises when it cannot reach the hub or is refused, all of its own errors included.

    They include those of the network library that the client was built for, which has had two names.
    """
    # The client exports its network library under this name at run time, by `__getattr__`, which mypy cannot follow.
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined] # see above

    return (httpx.HTTPError, OSError)


def resolve_revision(hub_id: str, repo_type: str) -> str:
    """Ask the hub for the current commit of a repository; `repo_type` is `model` or `dataset`.

    Raises DataError when the hub cannot be reached or does not know the repository: the commit has to be part of a
    job's key.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    silent: tuple[type[Exception], ...] = (*failures(), ValueError)
    way = "--data-dir DIR" if repo_type == "dataset" else "a local folder as the model"
    try:
        sha = HfApi().repo_info(hub_id, repo_type=repo_type).sha
    except RepositoryNotFoundError as error:
        raise DataError(
            f"{repo_type} '{hub_id}' is not on the hub, or not public; check the name, or use {way}"
        ) from error
    except silent as error:
        raise DataError(
            f"{repo_type} '{hub_id}': the hub did not answer ({type(error).__name__}); pin a revision, or use {way}"
        ) from error
    if sha is None:
        raise DataError(f"{repo_type} '{hub_id}': the hub names no commit; pin a revision")
    return sha
