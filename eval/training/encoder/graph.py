"""The encoder's and the judge's computation as an ONNX graph without weights.

Matrices are multiplied in 8 bits: a factor for each column of weights, and one for each token's
activations as they come, so that a text's vector doesn't depend on what goes through beside it.
The weights are handed over by whoever loads the graph (``index.embedding.network``), under the
names that stand here.
"""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper

from index.embedding.network import HEADS, HIDDEN, INNER

_CONTRIB = "com.microsoft"
_EPSILON = 1e-12


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._number = 0
        self.constant("zero", TensorProto.INT64, 0)
        self.constant("one", TensorProto.FLOAT, 1.0)
        self.constant("middle", TensorProto.UINT8, 128)
        self.constant("step", TensorProto.FLOAT, 1 / 127)
        # What is cut off after it is rounded to the nearest.
        self.constant("shift", TensorProto.FLOAT, 128.5)
        self.constant("least", TensorProto.FLOAT, 1e-9)

    def constant(self, name: str, kind: int, value: float) -> None:
        """A number in the graph itself."""
        self.weights.append(helper.make_tensor(name, kind, [], [value]))

    def weight(self, name: str, kind: int, shape: tuple[int, ...]) -> str:
        """A weight that is handed over."""
        tensor = onnx.TensorProto(name=name, data_type=kind, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="weights")
        self.weights.append(tensor)
        return name

    def add(self, kind: str, inputs: list[str], domain: str = "", **how: object) -> str:
        """A node; its output's name."""
        self._number += 1
        name = f"{kind}{self._number}"
        self.nodes.append(helper.make_node(kind, inputs, [name], domain=domain, **how))
        return name

    def floats(self, name: str, *shape: int) -> str:
        """A weight in float32."""
        return self.weight(name, TensorProto.FLOAT, shape)

    def rounded(self, x: str, even: str = "") -> tuple[str, str]:
        """``x`` in 8 bits, each row by its own largest value, and the factor of each row.

        With ``even``, the name of a weight, its channels are divided by that before.
        """
        if even:
            x = self.add("Mul", [x, self.floats(f"{even}.evened", HIDDEN)])
        largest = self.add("ReduceMax", [self.add("Abs", [x])], axes=[-1], keepdims=1)
        factors = self.add("Max", [self.add("Mul", [largest, "step"]), "least"])
        shifted = self.add("Add", [self.add("Div", [x, factors]), "shift"])
        return self.add("Cast", [shifted], to=TensorProto.UINT8), factors

    def product(self, rounded: tuple[str, str], name: str, wide: int, narrow: int) -> str:
        """What was rounded times a matrix of shape ``(narrow, wide)``, without the bias."""
        matrix = self.weight(f"{name}.eighths", TensorProto.INT8, (narrow, wide))
        factors = self.floats(f"{name}.factors", wide)
        x, rows = rounded
        whole = self.add(
            "MatMulIntegerToFloat", [x, matrix, "one", factors, "middle"], _CONTRIB
        )
        return self.add("Mul", [whole, rows])

    def normed(self, x: str, name: str) -> str:
        """Layer normalisation."""
        weights = [self.floats(f"{name}.weight", HIDDEN), self.floats(f"{name}.bias", HIDDEN)]
        return self.add("LayerNormalization", [x, *weights], axis=-1, epsilon=_EPSILON)

    def skipped(self, x: str, out: str, name: str, norm: str) -> str:
        """The sum of both and the bias of what made ``out``, normalised."""
        weights = [self.floats(f"{norm}.weight", HIDDEN), self.floats(f"{norm}.bias", HIDDEN)]
        bias = self.floats(f"{name}.bias", HIDDEN)
        return self.add(
            "SkipLayerNormalization", [x, out, *weights, bias], _CONTRIB, epsilon=_EPSILON
        )

    def layer(self, x: str, lengths: str, name: str) -> str:
        """One layer of BERT."""
        rounded = self.rounded(x, f"{name}.attention.self")
        parts = [
            self.product(rounded, f"{name}.attention.self.{part}", HIDDEN, HIDDEN)
            for part in ("query", "key", "value")
        ]
        bias = self.floats(f"{name}.attention.self.bias", 3 * HIDDEN)
        read = self.add(
            "MultiHeadAttention", [*parts, bias, lengths], _CONTRIB, num_heads=HEADS
        )
        dense = f"{name}.attention.output.dense"
        out = self.product(self.rounded(read), dense, HIDDEN, HIDDEN)
        x = self.skipped(x, out, dense, f"{name}.attention.output.LayerNorm")
        dense = f"{name}.intermediate.dense"
        inner = self.product(self.rounded(x, dense), dense, INNER, HIDDEN)
        inner = self.add("BiasGelu", [inner, self.floats(f"{dense}.bias", INNER)], _CONTRIB)
        dense = f"{name}.output.dense"
        out = self.product(self.rounded(inner), dense, HIDDEN, INNER)
        return self.skipped(x, out, dense, f"{name}.output.LayerNorm")


def write_graph(path: Path, layers: int, judge: bool) -> None:
    """Inputs ``embedded`` (float32, rows x tokens x hidden: tokens, places and kinds summed) and
    ``lengths`` (int32, rows). Output ``vectors`` (rows x hidden, unit length), or ``logits``."""
    graph = _Graph()
    # Key lengths: what stands behind them is padding.
    x = graph.normed("embedded", "embeddings.LayerNorm")
    for number in range(layers):
        x = graph.layer(x, "lengths", f"encoder.layer.{number}")
    if judge:
        first = graph.add("Gather", [x, "zero"], axis=1)
        dense = graph.product(graph.rounded(first), "pooler.dense", HIDDEN, HIDDEN)
        bias = graph.floats("pooler.dense.bias", HIDDEN)
        dense = graph.add("Tanh", [graph.add("Add", [dense, bias])])
        weight = graph.floats("classifier.weight", HIDDEN, 1)
        bias = graph.floats("classifier.bias", 1)
        out = graph.add("Add", [graph.add("MatMul", [dense, weight]), bias])
    else:
        # The mean over what isn't padding: weights of 1 / length and 0.
        out = graph.add("MatMul", ["means", x])
        out = graph.add("LpNormalization", [out], axis=-1, p=2)
    name = "logits" if judge else "vectors"
    graph.nodes.append(helper.make_node("Identity", [out], [name]))
    inputs = [
        helper.make_tensor_value_info("embedded", TensorProto.FLOAT, ["rows", "tokens", HIDDEN]),
        helper.make_tensor_value_info("lengths", TensorProto.INT32, ["rows"]),
    ]
    if not judge:
        shape = ["rows", 1, "tokens"]
        inputs.append(helper.make_tensor_value_info("means", TensorProto.FLOAT, shape))
    output = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
    model = helper.make_model(
        helper.make_graph(graph.nodes, name, inputs, [output], initializer=graph.weights),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(_CONTRIB, 1)],
        ir_version=8,
    )
    path.write_bytes(model.SerializeToString())
