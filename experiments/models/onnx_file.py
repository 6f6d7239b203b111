"""A model as ONNX: raw rows in, probabilities or values out, all in float64.

The operators are those of opset 17; onnxruntime computes all those used here in float64.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.datasets.encoding import ColumnEncoder, Encoder
from experiments.datasets.missing import MissingValues
from experiments.datasets.scaling import Scaling
from experiments.datasets.table import CATEGORY, NUMBER, REGRESSION
from experiments.files import ResultsError
from experiments.knobs.features import FARTHEST, LARGEST_ANGLE, Term, parse
from experiments.models.model import Floats, Member, Model
from experiments.version import installing

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET, ML_OPSET, IR_VERSION = 17, 2, 8

_ACTIVATIONS = {"tanh": "Tanh", "relu": "Relu", "sigmoid": "Sigmoid", "identity": "Identity"}
_MOST_AT_ONCE = 1000  # largest exponent in one factor: 2^1000 and its inverse are float64 numbers


def content(model: Model) -> bytes:
    """The bytes of an ONNX file. Raises ResultsError for networks that are not finite, and without the package onnx."""
    return bytes(onnx_of(model).SerializeToString(deterministic=True))


def onnx_of(model: Model) -> ModelProto:
    """The model as ONNX. Raises as ``content``.

    Each column is an input [N, 1]: float64 for numbers and booleans, nan for a missing value; text for categories, ""
    for a missing value. The outputs are ``label``, [N], and ``probabilities``, [N, classes]; for regression ``value``,
    [N, 1]. If a column has the name of an output, "_" is appended to the name of its input.
    """
    model.check_finite()
    try:
        import onnx  # 0.3 s, and an extra
        from onnx import TensorProto, helper
    except ImportError:
        raise ResultsError(
            f"ONNX export requires the package onnx, which is not installed: {installing('onnx')}"
        ) from None
    columns = model.members[0].encoder.columns
    outputs = ("value",) if model.task == REGRESSION else ("label", "probabilities")
    names = _input_names([column.name for column in columns], outputs)
    graph = _Graph({*names, *outputs})
    _write(graph, model, dict(zip([column.name for column in columns], names, strict=True)))
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.STRING if c.kind == CATEGORY else TensorProto.DOUBLE, ["N", 1])
        for name, c in zip(names, columns, strict=True)
    ]
    if model.task == REGRESSION:
        results = [helper.make_tensor_value_info("value", TensorProto.DOUBLE, ["N", 1])]
    else:
        results = [
            helper.make_tensor_value_info("label", TensorProto.STRING, ["N"]),
            helper.make_tensor_value_info("probabilities", TensorProto.DOUBLE, ["N", len(model.class_names)]),
        ]
    made = helper.make_model(
        helper.make_graph(graph.nodes, "planar-sweep", inputs, results, graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)],
        ir_version=IR_VERSION,
        producer_name="planar-sweep",
    )
    about = {
        "task": model.task,
        "target": model.target_name,
        "class_names": list(model.class_names),
        "inputs": dict(zip(names, [column.name for column in columns], strict=True)),
        "configuration": model.configuration,
    }
    helper.set_model_props(made, {"planar-sweep": json.dumps(about, ensure_ascii=False)})
    onnx.checker.check_model(made)
    return made


def _input_names(columns: Sequence[str], outputs: Sequence[str]) -> list[str]:
    """The name of each column, with "_" appended if it is the name of an output."""
    names: list[str] = []
    for name in columns:
        free = name
        while free in outputs or free in names or (free != name and free in columns):
            free += "_"
        names.append(free)
    return names


class _Graph:
    """Nodes and constants with unique names."""

    def __init__(self, taken: set[str]) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._taken = taken

    def _name(self, wanted: str) -> str:
        name, k = wanted, 1
        while name in self._taken:
            k += 1
            name = f"{wanted} {k}"
        self._taken.add(name)
        return name

    def add(self, operator: str, *inputs: str, to: str | None = None, domain: str = "", **attributes: Any) -> str:
        """Add a node with one output and return the name of the output."""
        from onnx import helper

        output = to or self._name(operator)
        self.nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))
        return output

    def constant(self, values: Any, dtype: type = np.float64) -> str:
        """Add a constant, and return its name."""
        from onnx import TensorProto, helper, numpy_helper

        name = self._name("constant")
        if dtype is str:
            texts = [text.encode("utf-8", "surrogatepass") for text in values]
            self.constants.append(helper.make_tensor(name, TensorProto.STRING, [len(texts)], texts))
        else:
            self.constants.append(numpy_helper.from_array(np.array(values, dtype), name))
        return name

    def ldexp(self, values: str, exponents: Sequence[int]) -> str:
        """Values times powers of two, one power for each column."""
        left = np.array(exponents)
        while left.any():
            step = np.clip(left, -_MOST_AT_ONCE, _MOST_AT_ONCE)
            values = self.add("Mul", values, self.constant(np.ldexp(1.0, step)))
            left = left - step
        return values


def _write(graph: _Graph, model: Model, inputs: dict[str, str]) -> None:
    first = model.members[0].encoder
    numbers, places = _numbers(graph, first, inputs), _places(graph, first, inputs)
    answers = []
    for encoder, members in model.by_encoder():
        features = _computed(graph, parse(model.features), _features(graph, encoder, numbers, places))
        answers += [_output_of(graph, model, member, features) for member in members]
    total = answers[0] if len(answers) == 1 else graph.add("Sum", *answers)
    result = "value" if model.task == REGRESSION else "probabilities"
    graph.add("Div", total, graph.constant(float(len(answers))), to=result)
    if model.task != REGRESSION:
        likeliest = graph.add("ArgMax", result, axis=1, keepdims=0)
        graph.add("Gather", graph.constant(model.class_names, str), likeliest, to="label")


def _numbers(graph: _Graph, encoder: Encoder, inputs: dict[str, str]) -> str | None:
    """The numbers and booleans as columns, nan for missing values; None if there are none."""
    columns = [column for column in encoder.columns if column.kind != CATEGORY]
    if not columns:
        return None
    together = graph.add("Concat", *(inputs[column.name] for column in columns), axis=1)
    is_number = [[column.kind == NUMBER for column in columns]]
    for gap in sorted(MissingValues(encoder.missing_values).numbers):
        same = graph.add("And", graph.add("Equal", together, graph.constant(gap)), graph.constant(is_number, bool))
        together = graph.add("Where", same, graph.constant(np.nan), together)
    return together


def _places(graph: _Graph, encoder: Encoder, inputs: dict[str, str]) -> dict[str, str]:
    """The index of each text, [N]: of its category, then that of missing values, then that of all others."""
    found = {}
    for column in encoder.columns:
        if column.kind == CATEGORY:
            n = len(column.categories)
            gaps = MissingValues(encoder.missing_values)
            places = dict.fromkeys(sorted(gaps.texts), n) | {c: i for i, c in enumerate(column.categories)}
            keys = [text.encode("utf-8", "surrogatepass") for text in places]
            place = graph.add(
                "LabelEncoder", inputs[column.name], domain="ai.onnx.ml",
                keys_strings=keys, values_int64s=list(places.values()), default_int64=n + 1,
            )  # fmt: skip
            found[column.name] = graph.add("Reshape", place, graph.constant([-1], np.int64))
    return found


def _features(graph: _Graph, encoder: Encoder, numbers: str | None, places: dict[str, str]) -> str:
    """The features of an encoder, [N, features], in its order."""
    parts, order, start = [], np.zeros(len(encoder.feature_names), np.int64), 0
    starts = np.cumsum([0, *(len(column.feature_names) for column in encoder.columns)])
    numeric = [k for k, column in enumerate(encoder.columns) if column.kind != CATEGORY]
    if numbers is not None:
        parts.append(_standardized(graph, [encoder.columns[k] for k in numeric], numbers))
        order[[starts[k] for k in numeric]] = np.arange(len(numeric))
        start = len(numeric)
    for k, column in enumerate(encoder.columns):
        if column.kind == CATEGORY:
            width = len(column.feature_names)
            parts.append(graph.add("Gather", graph.constant(_indicators(column)), places[column.name], axis=0))
            order[starts[k] : starts[k] + width] = np.arange(start, start + width)
            start += width
    together = parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)
    if (order == np.arange(len(order))).all():
        return together
    return graph.add("Gather", together, graph.constant(order, np.int64), axis=1)


def _indicators(column: ColumnEncoder) -> Floats:
    """The features for each index of ``_places``, (indices, features)."""
    n = len(column.categories)
    rows = np.zeros((n + 2, len(column.feature_names)))
    if not column.is_constant:
        for i, category in enumerate(column.categories):
            rows[i, i] = category not in column.unseen
        if column.has_gaps:
            rows[n, n] = 1.0
    return rows


def _standardized(graph: _Graph, columns: Sequence[ColumnEncoder], numbers: str) -> str:
    none = Scaling(0, 0.0, 0.0, 1.0)  # of a boolean
    scalings = [column.scaling or none for column in columns]
    filled = graph.add(
        "Where", graph.add("IsNaN", numbers), graph.constant([[column.fill for column in columns]]), numbers
    )
    values = graph.ldexp(filled, [-scaling.exponent for scaling in scalings])
    for offsets in ([s.shift for s in scalings], [s.scaled_mean for s in scalings]):
        if any(offsets):
            values = graph.add("Sub", values, graph.constant([offsets]))
    deviations = [scaling.scaled_deviation or 1.0 for scaling in scalings]
    values = _bounded(graph, graph.add("Div", values, graph.constant([deviations])), FARTHEST)
    constant = [
        column.is_constant or scaling.scaled_deviation == 0.0 for column, scaling in zip(columns, scalings, strict=True)
    ]
    if any(constant):
        values = graph.add("Where", graph.constant([constant], bool), graph.constant(0.0), values)
    return values


def _bounded(graph: _Graph, values: str, most: float) -> str:
    return graph.add("Clip", values, graph.constant(-most), graph.constant(most))


def _computed(graph: _Graph, terms: Sequence[Term], features: str) -> str:
    """The values of terms, as ``experiments.datasets.features`` computes them."""
    if not terms:
        return features
    values = []
    for inputs, is_sine in terms:
        value, *others = (graph.add("Gather", features, graph.constant([i - 1], np.int64), axis=1) for i in inputs)
        for other in others:
            value = graph.add("Mul", value, other)
        if is_sine:
            value = graph.add("Sin", _bounded(graph, value, LARGEST_ANGLE))
        values.append(_bounded(graph, value, FARTHEST))
    return values[0] if len(values) == 1 else graph.add("Concat", *values, axis=1)


def _output_of(graph: _Graph, model: Model, member: Member, features: str) -> str:
    """The output of one network, [N, classes] or [N, 1]."""
    A = features
    for k, (W, b) in enumerate(member.parameters):
        if k:
            A = graph.add(_ACTIVATIONS[model.activation], A)
        A = graph.add("Add", graph.add("MatMul", A, graph.constant(W.T)), graph.constant(b.T))
    if model.task == "multiclass":
        return graph.add("Softmax", A, axis=1)
    if model.task != REGRESSION:
        return graph.add("Sigmoid", graph.add("Mul", A, graph.constant([[-1.0, 1.0]])))
    scaling = member.encoder.target_scaling
    if scaling is None:
        return A
    A = graph.add("Mul", A, graph.constant(scaling.scaled_deviation))
    for offset in (scaling.scaled_mean, scaling.shift):
        A = graph.add("Add", A, graph.constant(offset))
    return graph.ldexp(A, [scaling.exponent])
