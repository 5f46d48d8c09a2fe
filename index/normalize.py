"""One spelling for all text that is searched: ``normalize``.

The rules are those of the shipped tokenizer (``index/model/tokenizer.json``): compatibility
forms (NFKC), lower case, Traditional characters to Simplified, invisible characters dropped.
The dense side applies them inside the tokenizer and the lexical side through ``normalize``,
so both read one source and can't drift apart.

Only for searching: what is shown is never normalised.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.normalizers import Normalizer

from index.errors import ModelError

SHIPPED_MODEL = Path(__file__).parent / "model"


def normalize(text: str) -> str:
    """``text`` in the spelling that is searched; idempotent; the length may change.

    Raises:
        ModelError: the shipped tokenizer is missing from the installation.
    """
    return _shipped_normalizer().normalize_str(well_formed(text))


def well_formed(text: str) -> str:
    """``text`` with lone surrogates (undecodable bytes of a command line) as ``?``."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


@cache
def read_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a model's folder, read once per process.

    Raises:
        ModelError: ``tokenizer.json`` is missing or can't be read.
    """
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ModelError(f"{path} is missing: fetch the model's folder again, with all its files.")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exception
        raise ModelError(f"{path} is no tokenizer that can be read: {error}") from error


@cache
def _shipped_normalizer() -> Normalizer:
    normalizer: Normalizer | None = read_tokenizer(SHIPPED_MODEL).normalizer
    if normalizer is None:
        raise ModelError(f"The tokenizer in {SHIPPED_MODEL} has no normalizer: reinstall Yuanda.")
    return normalizer
