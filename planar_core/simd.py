"""A fixed-width vector of floats for Numba: the same bits on every CPU.

``Vector`` is a Numba type whose LLVM representation is ``<8 x double>`` or ``<16 x float>``. LLVM splits such a
vector into whatever registers the CPU has, and IEEE 754 fixes every bit of ``+ - * /``, square root and fused
multiply-add, so the result of a kernel written with it does not depend on the CPU. For that reason there is
nothing here that reassociates, contracts or approximates, and the number of lanes belongs to the project, not to
the CPU.

Inside a jitted function (a number beside a vector is taken for a vector of that number)::

    x = load(array, row, block)          # LANES consecutive values of array[row], from block * LANES on
    y = fma(x, x, -1.0) / 3.0
    y = select(x > 0.0, y, x)
    total = horizontal_sum(y)            # a number; the order of the additions is a fixed tree
    store(array, row, block, y)
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, register_model

LANES = {"float64": 8, "float32": 16}
"""Values in a vector, by dtype: one 512-bit register or two 256-bit ones. Measured on a CPU with 256-bit registers,
networks of 4 to 50 units: twice as many, which do not fit the registers, take 6 to 18 % longer (float32: 24 to 35 %);
half as many, which leave too little to do at once, 5 to 11 % longer (float32: no longer)."""

_IR_SCALAR = {"float64": ir.DoubleType(), "float32": ir.FloatType()}
_IR_INTEGER = {"float64": ir.IntType(64), "float32": ir.IntType(32)}
_MANTISSA_BITS = {"float64": 52, "float32": 23}
_LLVM_SUFFIX = {"float64": "f64", "float32": "f32"}


class Vector(types.Type):
    """The Numba type of a vector; ``scalar`` is ``types.float64`` or ``types.float32``."""

    def __init__(self, scalar: types.Float) -> None:
        self.scalar = scalar
        self.lanes = LANES[scalar.name]
        super().__init__(name=f"Vector({scalar.name} x {self.lanes})")


class Mask(types.Type):
    """The Numba type of a comparison of two vectors: one bit a lane."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        super().__init__(name=f"Mask({lanes})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Vector) -> None:
        super().__init__(dmm, fe_type, _ir_vector(fe_type))


@register_model(Mask)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Mask) -> None:
        super().__init__(dmm, fe_type, ir.VectorType(ir.IntType(1), fe_type.lanes))


def _ir_vector(vector: Vector) -> ir.VectorType:
    return ir.VectorType(_IR_SCALAR[vector.scalar.name], vector.lanes)


def _ir_integers(vector: Vector) -> ir.VectorType:
    return ir.VectorType(_IR_INTEGER[vector.scalar.name], vector.lanes)


def _constant(vector: Vector, number: float) -> ir.Constant:
    return ir.Constant(_ir_vector(vector), [number] * vector.lanes)


def _widen(context: Any, builder: ir.IRBuilder, value: ir.Value, given: types.Type, vector: Vector) -> ir.Value:
    """``value`` as ``vector``: itself, or a number repeated in every lane."""
    if given == vector:
        return value
    number = context.cast(builder, value, given, vector.scalar)
    one = builder.insert_element(ir.Constant(_ir_vector(vector), ir.Undefined), number, ir.IntType(32)(0))
    every_lane = ir.Constant(ir.VectorType(ir.IntType(32), vector.lanes), [0] * vector.lanes)
    return builder.shuffle_vector(one, ir.Constant(one.type, ir.Undefined), every_lane)


def _common(*given: types.Type) -> Vector | None:
    """The vector type of an operation on ``given``, or None if it is not ours: one vector type, else numbers."""
    vectors = {each for each in given if isinstance(each, Vector)}
    rest = [each for each in given if not isinstance(each, Vector)]
    if len(vectors) == 1 and all(isinstance(each, types.Number) for each in rest):
        return vectors.pop()
    return None


# Operators: typing and lowering are registered with Numba directly. An @overload would say the same in Python, but
# every use of it costs a compilation of its own.


def _operator(
    symbol: Callable[..., Any],
    emit: Callable[[ir.IRBuilder, ir.Value, ir.Value], ir.Value],
    compares: bool = False,
) -> None:
    @infer_global(symbol)
    class _Typing(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            vector = _common(*args) if len(args) == 2 else None
            if vector is None:
                return None
            return signature(Mask(vector.lanes) if compares else vector, *args)

    def lower(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        vector = _common(*sig.args)
        assert vector is not None
        left, right = (_widen(context, builder, a, t, vector) for a, t in zip(args, sig.args, strict=True))
        return emit(builder, left, right)

    for left, right in ((Vector, Vector), (Vector, types.Number), (types.Number, Vector)):
        lower_builtin(symbol, left, right)(lower)


_operator(operator.add, lambda b, x, y: b.fadd(x, y))
_operator(operator.sub, lambda b, x, y: b.fsub(x, y))
_operator(operator.mul, lambda b, x, y: b.fmul(x, y))
_operator(operator.truediv, lambda b, x, y: b.fdiv(x, y))
_operator(operator.gt, lambda b, x, y: b.fcmp_ordered(">", x, y), compares=True)
_operator(operator.ge, lambda b, x, y: b.fcmp_ordered(">=", x, y), compares=True)
_operator(operator.lt, lambda b, x, y: b.fcmp_ordered("<", x, y), compares=True)
_operator(operator.le, lambda b, x, y: b.fcmp_ordered("<=", x, y), compares=True)
_operator(operator.eq, lambda b, x, y: b.fcmp_ordered("==", x, y), compares=True)
_operator(operator.ne, lambda b, x, y: b.fcmp_unordered("!=", x, y), compares=True)


@infer_global(operator.neg)
class _NegativeTyping(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        return signature(args[0], *args) if isinstance(args[0], Vector) else None


@lower_builtin(operator.neg, Vector)
def _negative(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
    return builder.fneg(args[0])


def _llvm(builder: ir.IRBuilder, name: str, vector: Vector, *args: ir.Value) -> ir.Value:
    """Call LLVM's own function ``name`` for a whole vector, for example ``llvm.fma.v8f64``."""
    full_name = f"llvm.{name}.v{vector.lanes}{_LLVM_SUFFIX[vector.scalar.name]}"
    function_type = ir.FunctionType(_ir_vector(vector), [arg.type for arg in args])
    return builder.call(cgutils.get_or_insert_function(builder.module, function_type, full_name), args)


def _named(llvm_name: str, operands: int) -> Callable[..., Any]:
    """An intrinsic that applies one of LLVM's functions lane by lane."""

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        vector = sig.return_type
        wide = [_widen(context, builder, a, t, vector) for a, t in zip(args, sig.args, strict=True)]
        return _llvm(builder, llvm_name, vector, *wide)

    def typing_1(typingctx: Any, x: Any) -> Any:
        vector = _common(x)
        return None if vector is None else (vector(x), codegen)

    def typing_2(typingctx: Any, x: Any, y: Any) -> Any:
        vector = _common(x, y)
        return None if vector is None else (vector(x, y), codegen)

    def typing_3(typingctx: Any, x: Any, y: Any, z: Any) -> Any:
        vector = _common(x, y, z)
        return None if vector is None else (vector(x, y, z), codegen)

    return intrinsic({1: typing_1, 2: typing_2, 3: typing_3}[operands])


fma = _named("fma", 3)
"""``fma(x, y, z)``: x * y + z, rounded once. A CPU without the instruction calls the C library's: slow, same bits."""

sqrt = _named("sqrt", 1)
absolute = _named("fabs", 1)
copysign = _named("copysign", 2)
"""``copysign(x, y)``: the magnitude of x with the sign of y."""


@intrinsic
def splat(typingctx, like, number):  # type: ignore[no-untyped-def]
    """``splat(like, number)``: a vector of the type of ``like`` with ``number`` in every lane."""
    if not (isinstance(like, Vector) and isinstance(number, types.Number)):
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        return _widen(context, builder, args[1], sig.args[1], sig.return_type)

    return like(like, number), codegen


@intrinsic
def select(typingctx, mask, x, y):  # type: ignore[no-untyped-def]
    """``select(mask, x, y)``: x where the mask is set, y elsewhere."""
    vector = _common(x, y)
    if vector is None or not isinstance(mask, Mask):
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        chosen, other = (_widen(context, builder, args[i], sig.args[i], vector) for i in (1, 2))
        return builder.select(args[0], chosen, other)

    return vector(mask, x, y), codegen


def _address(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> tuple[ir.Value, int]:
    """Pointer to the vector ``(array, row, block)``, and the alignment of one element in bytes."""
    array_type = sig.args[0]
    vector = Vector(array_type.dtype)
    array = context.make_array(array_type)(context, builder, args[0])
    row, block = (context.cast(builder, args[i], sig.args[i], types.intp) for i in (1, 2))
    row_length = builder.extract_value(array.shape, array_type.ndim - 1)
    offset = builder.add(builder.mul(row, row_length), builder.mul(block, row.type(vector.lanes)))
    pointer = builder.gep(array.data, [offset])
    return builder.bitcast(pointer, _ir_vector(vector).as_pointer()), array_type.dtype.bitwidth // 8


def _is_matrix(array: types.Type) -> bool:
    return isinstance(array, types.Array) and array.layout == "C" and array.ndim <= 2 and array.dtype.name in LANES


@intrinsic
def load(typingctx, array, row, block):  # type: ignore[no-untyped-def]
    """``load(array, row, block)``: LANES values of ``array[row]`` from ``block * LANES`` on.

    ``array`` is C-contiguous, with one or two dimensions (one: the row is 0). Bounds are the caller's business.
    """
    if not (_is_matrix(array) and isinstance(row, types.Integer) and isinstance(block, types.Integer)):
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        pointer, alignment = _address(context, builder, sig, args)
        return builder.load(pointer, align=alignment)

    return Vector(array.dtype)(array, row, block), codegen


@intrinsic
def store(typingctx, array, row, block, x):  # type: ignore[no-untyped-def]
    """``store(array, row, block, x)``: the reverse of ``load``."""
    if not (_is_matrix(array) and isinstance(row, types.Integer) and x == Vector(array.dtype)):
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        pointer, alignment = _address(context, builder, sig, args)
        builder.store(args[3], pointer, align=alignment)
        return context.get_dummy_value()

    return types.void(array, row, block, x), codegen


@intrinsic
def lanes_of(typingctx, array):  # type: ignore[no-untyped-def]
    """``lanes_of(array)``: how many values of the dtype of ``array`` make a vector, as a compile-time constant."""
    if not _is_matrix(array):
        return None
    lanes = LANES[array.dtype.name]
    return types.intp(array), lambda context, builder, sig, args: context.get_constant(types.intp, lanes)


@intrinsic
def zeros(typingctx, array):  # type: ignore[no-untyped-def]
    """``zeros(array)``: a vector of zeros of the dtype of ``array``."""
    if not _is_matrix(array):
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        return _constant(sig.return_type, 0.0)

    return Vector(array.dtype)(array), codegen


@intrinsic
def horizontal_sum(typingctx, x):  # type: ignore[no-untyped-def]
    """``horizontal_sum(x)``: the sum of the lanes as a number: upper half plus lower half until one is left."""
    if not isinstance(x, Vector):
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        value, width = args[0], sig.args[0].lanes
        index = ir.IntType(32)
        while width > 1:
            width //= 2
            halves = [
                builder.shuffle_vector(
                    value,
                    ir.Constant(value.type, ir.Undefined),
                    ir.Constant(ir.VectorType(index, width), [start + lane for lane in range(width)]),
                )
                for start in (0, width)
            ]
            value = builder.fadd(halves[0], halves[1])
        return builder.extract_element(value, index(0))

    return x.scalar(x), codegen


@intrinsic
def first_lane(typingctx, x):  # type: ignore[no-untyped-def]
    """``first_lane(x)``: lane 0 as a number."""
    if not isinstance(x, Vector):
        return None
    return x.scalar(x), lambda context, builder, sig, args: builder.extract_element(args[0], ir.IntType(32)(0))


def constant(**by_dtype: float) -> Callable[..., Any]:
    """An intrinsic ``f(like)``: the number that belongs to the dtype of ``like``, in every lane.

    ``constant(float64=0.1, float32=0.125)``
    """

    def typing(typingctx: Any, like: Any) -> Any:
        if not isinstance(like, Vector):
            return None
        return like(like), lambda context, builder, sig, args: _constant(like, by_dtype[like.scalar.name])

    return intrinsic(typing)


def polynomial(**by_dtype: list[float]) -> Callable[..., Any]:
    """An intrinsic ``f(x)``: c[0] + c[1] x + c[2] x^2 + ... by Horner's rule, one fma a step."""

    def typing(typingctx: Any, x: Any) -> Any:
        if not isinstance(x, Vector):
            return None

        def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
            *rest, highest = (_constant(x, c) for c in by_dtype[x.scalar.name])
            value = highest
            for coefficient in reversed(rest):
                value = _llvm(builder, "fma", x, value, args[0], coefficient)
            return value

        return x(x), codegen

    return intrinsic(typing)


@intrinsic
def shift_to_exponent(typingctx, x):  # type: ignore[no-untyped-def]
    """``shift_to_exponent(x)``: the lowest bits of x, as an integer, become the exponent field of a float.

    With x = round(k) + 1.5 * 2^52 + bias (2^23 for float32), which the CPU rounds for us, that is 2^k.
    """
    if not isinstance(x, Vector):
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        integers = _ir_integers(x)
        places = ir.Constant(integers, [_MANTISSA_BITS[x.scalar.name]] * x.lanes)
        return builder.bitcast(builder.shl(builder.bitcast(args[0], integers), places), _ir_vector(x))

    return x(x), codegen


@intrinsic
def split_exponent(typingctx, x, offset):  # type: ignore[no-untyped-def]
    """``split_exponent(x, offset)``: (m, e) with x = m * 2^e, m in [offset, 2 * offset), for normal positive x.

    ``offset`` is a vector of one number (such as sqrt(1/2)); e is a vector of floats.
    """
    if not (isinstance(x, Vector) and x == offset):
        return None
    result = types.UniTuple(x, 2)

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        integers = _ir_integers(x)
        places = ir.Constant(integers, [_MANTISSA_BITS[x.scalar.name]] * x.lanes)
        bits, offset_bits = (builder.bitcast(arg, integers) for arg in args)
        exponent = builder.ashr(builder.sub(bits, offset_bits), places)
        mantissa = builder.bitcast(builder.sub(bits, builder.shl(exponent, places)), _ir_vector(x))
        as_float = builder.sitofp(exponent, _ir_vector(x))
        return context.make_tuple(builder, result, (mantissa, as_float))

    return result(x, offset), codegen
