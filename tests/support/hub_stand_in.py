"""A stand-in for the hub on loopback: it answers the hub's own addresses with files of a folder.

    <root>/<datasets or models>/<owner>/<name>/<commit>/<files of the repository>

A repository has the commits that are folders here; the last one by name is its `main`.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Hub:
    """The folder behind the stand-in, and what it was asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[str] = []

    def folder(self, sort: str, repo: str, commit: str) -> Path:
        """Return the folder for a commit's files, made if need be."""
        place = self.root / sort / repo / commit
        place.mkdir(parents=True, exist_ok=True)
        return place

    def commit(self, sort: str, repo: str, revision: str) -> str | None:
        """Return the commit that a revision names, or None when there is no such repository or commit."""
        place = self.root / sort / repo
        commits = sorted(path.name for path in place.iterdir()) if place.is_dir() else []
        if revision == "main" and commits:
            return commits[-1]
        return revision if revision in commits else None


@contextmanager
def serve(hub: Hub) -> Iterator[str]:
    """Answer on a free port of loopback while the block runs; yield the address."""

    class Handler(_Handler):
        behind = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    behind: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def log_message(self, format: str, *args: object) -> None:
        """Keep the terminal quiet; `asked` remembers the requests."""

    def _answer(self, body: bytes = b"") -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        self.behind.asked.append(f"{self.command} /{path}")
        if path.startswith("api/"):
            self._api(path.removeprefix("api/").split("/"), body)
        elif "/resolve/" in path:
            repo, _, rest = path.partition("/resolve/")
            sort = "datasets" if repo.startswith("datasets/") else "models"
            revision, _, name = rest.partition("/")
            self._file(sort, repo.removeprefix("datasets/"), revision, name)
        else:
            self._send(404, b"{}", {})

    def _api(self, parts: list[str], body: bytes) -> None:
        sort, repo, what = parts[0], "/".join(parts[1:3]), parts[3] if len(parts) > 3 else "revision"
        revision = parts[4] if len(parts) > 4 else "main"
        commit = self.behind.commit(sort, repo, revision)
        if commit is None:
            found = (self.behind.root / sort / repo).is_dir()
            self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound" if found else "RepoNotFound"})
            return
        folder = self.behind.folder(sort, repo, commit)
        if what == "revision":
            files = [{"rfilename": str(path.relative_to(folder))} for path in _files(folder)]
            self._json({"_id": "0", "id": repo, "sha": commit, "private": False, "gated": False, "siblings": files})
        elif what == "tree":
            under = folder.joinpath(*parts[5:])
            if under.is_dir():
                self._json([_entry(folder, path) for path in sorted(under.rglob("*"))])
            else:
                self._send(404, b"{}", {"X-Error-Code": "EntryNotFound"})
        elif what == "paths-info":
            paths = [folder / name for name in json.loads(body)["paths"]]
            self._json([_entry(folder, path) for path in paths if path.exists()])
        else:
            self._send(404, b"{}", {})

    def _file(self, sort: str, repo: str, revision: str, name: str) -> None:
        commit = self.behind.commit(sort, repo, revision)
        if commit is None:
            found = (self.behind.root / sort / repo).is_dir()
            self._send(404, b"", {"X-Error-Code": "RevisionNotFound" if found else "RepoNotFound"})
            return
        path = self.behind.folder(sort, repo, commit) / name
        if not path.is_file():
            self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
            return
        content = path.read_bytes()
        headers = {"ETag": f'"{_oid(path)}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        asked = self.headers.get("Range", "").removeprefix("bytes=")
        if asked:
            first, _, last = asked.partition("-")
            start, stop = int(first), min(int(last or len(content)), len(content) - 1) + 1
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
            self._send(206, content[start:stop], headers)
        else:
            self._send(200, content, headers)

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _entry(folder: Path, path: Path) -> dict[str, object]:
    name = str(path.relative_to(folder))
    if path.is_dir():
        return {"type": "directory", "oid": hashlib.sha1(name.encode()).hexdigest(), "size": 0, "path": name}
    return {"type": "file", "oid": _oid(path), "size": path.stat().st_size, "path": name}


def _oid(path: Path) -> str:
    return hashlib.sha1(path.read_bytes()).hexdigest()
