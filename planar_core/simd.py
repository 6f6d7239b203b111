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

A function that is called, and not inlined, takes ``rows(array, row, block)`` in place of an array: two numbers in
place of seven.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.registry import cpu_target
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, register_model

LANES = {"float64": 8, "float32": 16}
"""Values in a vector, by dtype: one 512-bit register or two 256-bit ones. Measured on a CPU with 256-bit registers,
networks of 4 to 50 units: twice as many, which do not fit the registers, take 6 to 18 % longer (float32: 24 to 35 %);
half as many, which leave too little to do at once, 5 to 11 % longer (float32: no longer)."""

MANY_REGISTERS = "+avx512f" in cpu_target.target_context.codegen().magic_tuple()[2].split(",")
"""Whether the CPU has 32 registers of 512 bits: more is kept in them then. No bit depends on it."""

AT_ONCE = 2 if MANY_REGISTERS else 1
"""Blocks that a long computation takes side by side, so that the CPU has the other one to work on while it waits."""

_IR_SCALAR = {"float64": ir.DoubleType(), "float32": ir.FloatType()}
_IR_INTEGER = {"float64": ir.IntType(64), "float32": ir.IntType(32)}
_MANTISSA_BITS = {"float64": 52, "float32": 23}
_LLVM_SUFFIX = {"float64": "f64", "float32": "f32"}


class Vector(types.Type):
    """The Numba type of a vector, or of several side by side; ``scalar`` is ``types.float64`` or ``types.float32``."""

    def __init__(self, scalar: types.Float, vectors: int = 1) -> None:
        self.scalar = scalar
        self.lanes = LANES[scalar.name] * vectors
        super().__init__(name=f"Vector({scalar.name} x {self.lanes})")


class Mask(types.Type):
    """The Numba type of a comparison of two vectors: one bit a lane."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        super().__init__(name=f"Mask({lanes})")


class Rows(types.Type):
    """The Numba type of the rows of a matrix from one of its blocks on, or of a list of numbers: see ``rows``."""

    def __init__(self, scalar: types.Float) -> None:
        self.scalar = scalar
        super().__init__(name=f"Rows({scalar.name})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Vector) -> None:
        super().__init__(dmm, fe_type, _ir_vector(fe_type))


@register_model(Mask)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Mask) -> None:
        super().__init__(dmm, fe_type, ir.VectorType(ir.IntType(1), fe_type.lanes))


@register_model(Rows)
class _RowsModel(models.StructModel):
    def __init__(self, dmm: Any, fe_type: Rows) -> None:
        super().__init__(dmm, fe_type, [("first", types.CPointer(fe_type.scalar)), ("length", types.intp)])


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


def _scalar(source: types.Type) -> types.Float | None:
    """What ``source`` has rows of; None if it is neither ``Rows`` nor a C-contiguous array of one or two dimensions."""
    if isinstance(source, Rows):
        return source.scalar
    return source.dtype if _is_matrix(source) else None


def _place(
    context: Any, builder: ir.IRBuilder, source: types.Type, value: ir.Value, row: ir.Value, column: ir.Value
) -> tuple[ir.Value, ir.Value]:
    """Pointer to an element of ``source``, and the elements from one row to the next."""
    if isinstance(source, Rows):
        given = cgutils.create_struct_proxy(source)(context, builder, value)
        first, length = given.first, given.length
    else:
        array = context.make_array(source)(context, builder, value)
        first, length = array.data, builder.extract_value(array.shape, source.ndim - 1)
    return builder.gep(first, [builder.add(builder.mul(row, length), column)]), length


def _address(context: Any, builder: ir.IRBuilder, given: Any, args: Any, vector: Vector) -> tuple[ir.Value, int]:
    """Pointer to the vector at ``(source, row, block)``, and the alignment of one element in bytes."""
    row, block = (context.cast(builder, args[i], given[i], types.intp) for i in (1, 2))
    column = builder.mul(block, block.type(LANES[vector.scalar.name]))
    pointer, _ = _place(context, builder, given[0], args[0], row, column)
    return builder.bitcast(pointer, _ir_vector(vector).as_pointer()), vector.scalar.bitwidth // 8


def _is_matrix(array: types.Type) -> bool:
    return isinstance(array, types.Array) and array.layout == "C" and array.ndim <= 2 and array.dtype.name in LANES


@intrinsic
def load(typingctx, source, row, block):  # type: ignore[no-untyped-def]
    """``load(source, row, block)``: LANES values of ``source[row]`` from ``block * LANES`` on.

    ``source`` is ``rows``, or a C-contiguous array with one or two dimensions (one: the row is 0). Bounds are the
    caller's business.
    """
    scalar = _scalar(source)
    if scalar is None or not (isinstance(row, types.Integer) and isinstance(block, types.Integer)):
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        pointer, alignment = _address(context, builder, sig.args, args, sig.return_type)
        return builder.load(pointer, align=alignment)

    return Vector(scalar)(source, row, block), codegen


@intrinsic
def load_as(typingctx, like, source, row, block):  # type: ignore[no-untyped-def]
    """``load_as(like, source, row, block)``: the same of as many blocks as ``like`` has."""
    scalar = _scalar(source)
    if scalar is None or not (isinstance(like, Vector) and isinstance(row, types.Integer)):
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        pointer, alignment = _address(context, builder, sig.args[1:], args[1:], sig.return_type)
        return builder.load(pointer, align=alignment)

    return like(like, source, row, block), codegen


@intrinsic
def store(typingctx, source, row, block, x):  # type: ignore[no-untyped-def]
    """``store(source, row, block, x)``: the reverse of ``load`` and ``load_as``."""
    scalar = _scalar(source)
    if scalar is None or not (isinstance(row, types.Integer) and isinstance(x, Vector) and x.scalar == scalar):
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        pointer, alignment = _address(context, builder, sig.args, args, sig.args[3])
        builder.store(args[3], pointer, align=alignment)
        return context.get_dummy_value()

    return types.void(source, row, block, x), codegen


def _new_rows(context: Any, builder: ir.IRBuilder, kind: Rows, first: ir.Value, length: ir.Value) -> ir.Value:
    made = cgutils.create_struct_proxy(kind)(context, builder)
    made.first, made.length = first, length
    return made._getvalue()


@intrinsic
def rows(typingctx, source, row, block):  # type: ignore[no-untyped-def]
    """``rows(source, row, block)``: the rows of an array, or of other rows, so that load(..., 0, 0) is that block."""
    scalar = _scalar(source)
    if scalar is None or not (isinstance(row, types.Integer) and isinstance(block, types.Integer)):
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        row, block = (context.cast(builder, args[i], sig.args[i], types.intp) for i in (1, 2))
        column = builder.mul(block, block.type(LANES[scalar.name]))
        return _new_rows(context, builder, sig.return_type, *_place(context, builder, source, args[0], row, column))

    return Rows(scalar)(source, row, block), codegen


@intrinsic
def numbers(typingctx, source, index):  # type: ignore[no-untyped-def]
    """``numbers(source, index)``: a list of the numbers of an array from that one on; ``[i]`` is one of them."""
    scalar = _scalar(source)
    if scalar is None or not isinstance(index, types.Integer):
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        column = context.cast(builder, args[1], sig.args[1], types.intp)
        place = _place(context, builder, source, args[0], column.type(0), column)
        return _new_rows(context, builder, sig.return_type, *place)

    return Rows(scalar)(source, index), codegen


@intrinsic
def repeated(typingctx, source):  # type: ignore[no-untyped-def]
    """``repeated(rows)``: the first of them, whichever row is asked for."""
    if not isinstance(source, Rows):
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        first = cgutils.create_struct_proxy(source)(context, builder, args[0]).first
        return _new_rows(context, builder, source, first, context.get_constant(types.intp, 0))

    return source(source), codegen


@infer_global(operator.getitem)
class _NumberTyping(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        source, index = args
        if isinstance(source, Rows) and isinstance(index, types.Integer):
            return signature(source.scalar, *args)
        return None


@lower_builtin(operator.getitem, Rows, types.Integer)
def _number(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
    index = context.cast(builder, args[1], sig.args[1], types.intp)
    first = cgutils.create_struct_proxy(sig.args[0])(context, builder, args[0]).first
    return builder.load(builder.gep(first, [index]))


@intrinsic
def stands_alone(typingctx):  # type: ignore[no-untyped-def]
    """``stands_alone()`` in a function keeps LLVM from inlining it."""

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def lanes_of(typingctx, array):  # type: ignore[no-untyped-def]
    """``lanes_of(array)``: how many values of the dtype of ``array`` make a vector, as a compile-time constant."""
    if not _is_matrix(array):
        return None
    lanes = LANES[array.dtype.name]
    return types.intp(array), lambda context, builder, sig, args: context.get_constant(types.intp, lanes)


def _zeros(vectors: int) -> Callable[..., Any]:
    def typing(typingctx: Any, source: Any) -> Any:
        scalar = _scalar(source)
        if scalar is None:
            return None
        vector = Vector(scalar, vectors)
        return vector(source), lambda context, builder, sig, args: _constant(vector, 0.0)

    return intrinsic(typing)


zeros = _zeros(1)
"""``zeros(source)``: a vector of zeros of the dtype of an array, or of ``rows``."""

zeros_at_once = _zeros(AT_ONCE)
"""The same of AT_ONCE blocks."""


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
    """An intrinsic ``f(x)``: c[0] + c[1] x + c[2] x^2 + ... by Horner's rule, one fma a step.

    Where the highest coefficient is 1, the first step is an addition: the same bits for less.
    """

    def typing(typingctx: Any, x: Any) -> Any:
        if not isinstance(x, Vector):
            return None

        def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
            coefficients = by_dtype[x.scalar.name]
            *rest, value = (_constant(x, c) for c in coefficients)
            if rest and coefficients[-1] == 1:
                value = builder.fadd(args[0], rest.pop())
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
