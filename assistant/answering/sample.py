"""The store of the sample filing that ships, built on first use."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from index.embedding.encoder import Encoder
from index.errors import StoreError
from index.store.store import Store

SAMPLE = Path(__file__).parent.parent.parent / "index" / "sample"


def sample_store(encoder: Encoder) -> Store:
    """The sample's store, built in the user's cache folder where it isn't there yet.

    Each version of the sample and each model has a store of its own. It is built aside and
    renamed, so that two processes that start at once don't meet.
    """
    from platformdirs import user_cache_path

    home = user_cache_path("yuanda", appauthor=False) / f"sample-{_key(encoder)}"
    if not Store.exists(home):
        try:
            home.parent.mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(prefix="sample-", dir=home.parent))
        except OSError:
            # No place to keep it: a temporary one serves this process.
            home = aside = Path(tempfile.mkdtemp(prefix="yuanda-sample-"))
        _build(aside, encoder)
        if aside != home:
            try:
                aside.rename(home)
            except OSError:
                shutil.rmtree(aside, ignore_errors=True)
    return Store.open(home)


def _build(folder: Path, encoder: Encoder) -> None:
    from index.intake import build

    with Store.open(folder, create=True) as store:
        report = build.add(store, [SAMPLE], encoder)
    if report.count("failed"):
        raise StoreError(f"the sample filing can't be indexed: {report.files[0].error}")


def _key(encoder: Encoder) -> str:
    import hashlib

    from index.store.schema import VERSION

    digest = hashlib.sha256(f"{encoder.name}\n{encoder.revision}\n{VERSION}\n".encode())
    for path in sorted(SAMPLE.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
