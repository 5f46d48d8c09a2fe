"""Train the encoder and the judge from what ``python -m eval.sets.pretraining`` prepared.

The same command on a CPU, where it takes hours and goes on where it was interrupted, and on a GPU.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from eval.training.encoder.run import Plan, Run

# Of the time: teacher, six layers, four layers, judge.
_SHARES = (0.34, 0.29, 0.12, 0.25)


def main() -> None:
    """Run all stages."""
    parser = argparse.ArgumentParser(prog="python -m eval.training.encoder", description=__doc__)
    parser.add_argument("--material", type=Path, required=True, help="what was prepared")
    parser.add_argument("--work", type=Path, required=True, help="checkpoints, to go on from")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="of learning in all")
    parser.add_argument("--steps", type=int, default=10**9, help="of each stage, at most")
    parser.add_argument("--size", type=int, default=896, help="questions in a batch")
    parser.add_argument("--cases", type=int, default=320, help="questions in a batch of the judge")
    parser.add_argument("--workers", type=int, default=0, help="processes that draw batches ahead")
    options = parser.parse_args()
    teacher, student, small, judge = (share * options.seconds for share in _SHARES)
    sizes = (options.steps, options.size, options.cases, options.workers)
    plan = Plan(teacher, student, small, judge, *sizes)
    Run(options.material, options.work, options.out, plan)()


if __name__ == "__main__":
    main()
