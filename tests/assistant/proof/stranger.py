"""A stranger's check of a proof: nothing of this project, only Python and pypdfium2.

    python stranger.py PROOF FILING

Exit status 0 where the quotation is what the filing has, 1 with the reason where it isn't.
"""

import hashlib
import json
import sys
from pathlib import Path

import pypdfium2


def read_proof(content):
    if content.startswith(b"%PDF-"):
        document = pypdfium2.PdfDocument(content)
        attachments = [document.get_attachment(n) for n in range(document.count_attachments())]
        assert [one.get_name() for one in attachments] == ["proof.json"], "no single attachment"
        content = bytes(attachments[0].get_data())
    return json.loads(content)


def text_of(content):
    if not content.startswith(b"%PDF-"):
        return content.decode("utf-8")
    document = pypdfium2.PdfDocument(content)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def solid(text):
    return "".join(text.split())


def check(proof, filing):
    told, text = proof["quotation"], text_of(filing)
    assert hashlib.sha256(filing).hexdigest() == proof["filing"]["sha256"], "another file"
    assert len(filing) == proof["filing"]["bytes"], "another size"
    assert hashlib.sha256(text.encode()).hexdigest() == proof["text"]["sha256"], "another text"
    assert len(text) == proof["text"]["characters"], "another length"
    for name in ("question", "answer"):
        spans = told[name + "_spans"]
        pieces = "".join(text[start:end] for start, end in spans)
        assert solid(pieces) == solid(told[name]), name + " isn't what the filing has"
        assert sorted(spans) == spans, name + " isn't in order"
        assert len({n for s in spans for n in range(*s)}) == len(pieces), name + " twice"
        assert told["start"] <= spans[0][0] <= spans[-1][1] <= told["end"], name + " elsewhere"
    # Whatever stands between the pieces is told.
    named = {n for gap in told["left_out"] for n in range(gap["start"], gap["end"])}
    quoted = {n for s in told["question_spans"] + told["answer_spans"] for n in range(*s)}
    first, last = min(quoted), max(quoted)
    silent = [n for n in range(first, last) if n not in quoted | named and text[n].strip()]
    assert not silent, "left out without a word: " + "".join(text[n] for n in silent)
    for gap in told["left_out"]:
        assert text[gap["start"] : gap["end"]] == gap["text"], "not what was left out"


if __name__ == "__main__":
    proof, filing = (Path(name).read_bytes() for name in sys.argv[1:])
    try:
        check(read_proof(proof), filing)
    except AssertionError as error:
        sys.exit(str(error) or "wrong")
