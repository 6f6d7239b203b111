"""exp, log, log1p, sin, cos, tanh and sigmoid on vectors, from IEEE operations alone.

Each is a function for jitted code, of a ``simd`` vector of either dtype. The errors stated are the largest that were
measured against a multiple-precision reference, in units in the last place of the result's dtype (ulp). Odd functions
are exactly odd; nan in gives nan out. ``evaluate`` applies any of them to an array, from Python.

One idea carries tanh, sigmoid and exp. With e^(2x) = 2^k e^(2r), |r| <= ln2 / 4, and R = r coth r, an even function
and so a short polynomial in r^2,

    e^(2r) = (R + r) / (R - r)

and every one of the three becomes a quotient of sums of R, r and 2^k, with a single division and no cancellation.
The polynomials are minimax (Remez exchange).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from planar_core.compiling import inlined, kernel
from planar_core.simd import (
    LANES,
    absolute,
    constant,
    copysign,
    fma,
    lanes_of,
    load,
    polynomial,
    select,
    shift_to_exponent,
    split_exponent,
    store,
)

# ln2 / 2 in two parts, and 2 / ln2
_HALF_LN2 = constant(float64=float.fromhex("0x1.62e42fefa39efp-2"), float32=float.fromhex("0x1.62e430p-2"))
_HALF_LN2_LOW = constant(
    float64=float.fromhex("0x1.abc9e3b39803fp-57"), float32=float.fromhex("-0x1.05c610ca86c39p-30")
)
_TWO_OVER_LN2 = constant(float64=float.fromhex("0x1.71547652b82fep+1"), float32=float.fromhex("0x1.715476p+1"))

# Adding this number rounds to an integer k, and leaves k + bias in the lowest bits: see shift_to_exponent.
_ROUND = constant(float64=1.5 * 2**52 + 1023, float32=1.5 * 2**23 + 127)

# R(r) = r coth r as a polynomial in r^2, |r| <= ln2 / 4
_R = polynomial(
    float64=[
        1.0,
        0.33333333333333204,
        -0.02222222222161218,
        0.002116402022846351,
        -0.00021163394795628842,
        2.11872581875265e-05,
    ],
    float32=[1.0, 0.33333251484486537, -0.02213402768375877],
)


@inlined
def _reduce(x):
    """x = k ln2 / 2 + r, |r| <= ln2 / 4: returns k, R(r), r."""
    k = fma(x, _TWO_OVER_LN2(x), _ROUND(x)) - _ROUND(x)
    r = fma(k, -_HALF_LN2(x), x)
    r = fma(k, -_HALF_LN2_LOW(x), r)
    return k, _R(r * r), r


@inlined
def _power_of_two(k):
    """2^k for an integer k, where that is a normal number."""
    return shift_to_exponent(k + _ROUND(k))


@inlined
def _clamp(x, low, high):
    """x within [low, high]; nan stays nan, which a minimum or maximum instruction would swallow."""
    x = select(x > high, high, x)
    return select(x < low, low, x)


TANH_UNITS = 2.8853900817779268  # 2 / ln2: that many units of ln2 / 2 in 1
SIGMOID_UNITS = 1.4426950408889634  # 1 / ln2
HALF_ANGLE_RANGE = 120.0

# R(f ln2 / 2) / (ln2 / 2) = P / Q, |f| <= 1/2, with polynomials P and Q in f^2; P / Q of 0 is 2 / ln2 to 67 bits.
_P = polynomial(
    float64=[189138.68955509964, 10096.646359272689, 43.30033749057459],
    float32=[2.8853900817779268, 0.11552424642683727, -0.0009213971083121368],
)
_Q = polynomial(float64=[65550.47469996005, 874.7373840733366, 1.0], float32=[1.0])

# As _ROUND, but what is left in the lowest bits becomes half the power of two.
_ROUND_AND_HALVE = constant(float64=1.5 * 2**52 + 1022, float32=1.5 * 2**23 + 126)


@inlined
def _parts_in_units(y):
    """y = k + f, |f| <= 1/2, |y| <= HALF_ANGLE_RANGE, beyond which 2^k may overflow: returns 2^k / 2, P + Q f, Q f.

    In this unit the reduction costs three additions and no rounding error.
    """
    shifted = y + _ROUND_AND_HALVE(y)
    f = y - (shifted - _ROUND_AND_HALVE(y))
    square = f * f
    r = _Q(square) * f
    return shift_to_exponent(shifted), _P(square) + r, r


@inlined
def into_half_angle_range(y):
    """y, or the end of HALF_ANGLE_RANGE that it is beyond, where tanh is 1 in every dtype."""
    return _clamp(y, -HALF_ANGLE_RANGE, HALF_ANGLE_RANGE)


@inlined
def tanh_in_units(y):
    """tanh(y / TANH_UNITS) for |y| <= HALF_ANGLE_RANGE, from -1 to 1; odd except for the last bits.

    At most 1.5 eps off, and near zero 3.5 ulp: [(s - 1) e + 2 r] / [(s + 1) e - 2 r] with s = 2^k, e = R + r.
    """
    half, e, r = _parts_in_units(y)
    return fma(half - 0.5, e, r) / fma(half + 0.5, e, -r)


@inlined
def sigmoid_in_units(y):
    """sigmoid(y / SIGMOID_UNITS) for |y| <= HALF_ANGLE_RANGE, by which distance it is 0 or 1 beside any label.

    s e / [s e + (e - 2 r)]: never above 1.
    """
    half, e, r = _parts_in_units(y)
    return half * e / fma(half + 0.5, e, -r)


# 2^f as a polynomial in f, |f| <= 1/2
_POWER = polynomial(
    float64=[
        1.0,
        0.693147180559945309,
        0.240226506959100982,
        0.0555041086648215943,
        0.00961812910760688853,
        0.00133335581464169353,
        0.000154035304417360502,
        0.0000152527338298361184,
        1.32154425879216897e-6,
        1.01780624458457735e-7,
        7.0725859492692237e-9,
        4.45496059818651839e-10,
    ],
    float32=[
        1.0,
        0.693147188026228781,
        0.240226507605681269,
        0.0555035711421907782,
        0.00961808255727785149,
        0.00133908633646712344,
        0.000154531629451206902,
    ],
)


@inlined
def exp_in_units(y):
    """e^(y / SIGMOID_UNITS) = 2^y for |y| <= HALF_ANGLE_RANGE, whose lower end is 0 beside 1; 2^0 is exactly 1.

    2^k 2^f: a quotient would need a division where the others need one anyway.
    """
    shifted = y + _ROUND(y)
    return shift_to_exponent(shifted) * _POWER(y - (shifted - _ROUND(y)))


@inlined
def above_half_angle_range(y):
    """y, or the lower end of HALF_ANGLE_RANGE, where that is above it."""
    return select(y < -HALF_ANGLE_RANGE, -HALF_ANGLE_RANGE, y)


_TANH_IS_1 = constant(float64=20.0, float32=10.0)


@inlined
def tanh(x):
    """tanh x, at most 2.33 ulp (float32: 2.85) off; exactly odd.

    [(s - 1) R + (s + 1) r] / [(s + 1) R + (s - 1) r] with s = 2^k. Near zero s = 1, and r / R loses nothing.
    """
    k, R, r = _reduce(_clamp(x, -_TANH_IS_1(x), _TANH_IS_1(x)))
    s = _power_of_two(k)
    more, less = s + 1.0, s - 1.0
    return select(x == 0.0, x, fma(less, R, more * r) / fma(more, R, less * r))  # -0 stays -0


_SIGMOID_LOW = constant(float64=-708.0, float32=-87.0)
_SIGMOID_HIGH = constant(float64=40.0, float32=20.0)


@inlined
def sigmoid(z):
    """1 / (1 + e^-z), at most 2.42 ulp (float32: 2.44) off down to -708 (-87), where it leaves the normal numbers.

    Accurate far into the left tail, where 1/2 + tanh(z/2) / 2 is not.
    """
    k, R, r = _reduce(_clamp(z, _SIGMOID_LOW(z), _SIGMOID_HIGH(z)) * 0.5)
    numerator = _power_of_two(k) * (R + r)
    return numerator / (numerator + (R - r))  # never above 1, since what is added below is positive


_EXP_LOW = constant(float64=-750.0, float32=-110.0)
_EXP_HIGH = constant(float64=710.0, float32=89.0)


@inlined
def exp(x):
    """e^x, at most 1.65 ulp (float32: 1.68) off; inf and 0 beyond the range, subnormal numbers included.

    2^k (R + r) / (R - r). 2^k is applied as two factors, since it may itself be out of range.
    """
    k, R, r = _reduce(_clamp(x, _EXP_LOW(x), _EXP_HIGH(x)) * 0.5)
    half = fma(k, 0.5, _ROUND(k)) - _ROUND(k)
    return (R + r) / (R - r) * _power_of_two(half) * _power_of_two(k - half)


_SQRT_HALF = constant(float64=float.fromhex("0x1.6a09e667f3bcdp-1"), float32=float.fromhex("0x1.6a09e6p-1"))
_LN2_HIGH = constant(float64=float.fromhex("0x1.62e42fee00000p-1"), float32=float.fromhex("0x1.62e300p-1"))
_LN2_LOW = constant(float64=float.fromhex("0x1.a39ef35793c76p-33"), float32=float.fromhex("0x1.2fefa2p-17"))
_SMALLEST_NORMAL = constant(float64=2.0**-1022, float32=2.0**-126)
_LARGEST = constant(float64=float.fromhex("0x1.fffffffffffffp+1023"), float32=float.fromhex("0x1.fffffep+127"))
_SUBNORMAL_SCALE = constant(float64=2.0**54, float32=2.0**25)
_SUBNORMAL_EXPONENT = constant(float64=54.0, float32=25.0)

# (2 atanh(s) / s - 2) / s^2 as a polynomial in s^2, |s| <= (sqrt2 - 1) / (sqrt2 + 1)
_ATANH = polynomial(
    float64=[
        0.6666666666666666,
        0.40000000000000885,
        0.2857142857079785,
        0.22222222392906135,
        0.18181795522700636,
        0.15386245638844487,
        0.13268624387858152,
        0.13088090192198404,
    ],
    float32=[0.6666666655297413, 0.4000012279123725, 0.2855073287165257, 0.2333249799463738],
)


@inlined
def _log_of_finite(x, correction):
    """log x + correction for finite x >= 0; the correction is small against 1.

    x = 2^e m with m in [sqrt(1/2), sqrt 2); log m = f - f^2/2 + s (f^2/2 + tail), where f = m - 1, s = f / (2 + f).
    """
    tiny = x < _SMALLEST_NORMAL(x)
    m, e = split_exponent(select(tiny, x * _SUBNORMAL_SCALE(x), x), _SQRT_HALF(x))
    e = select(tiny, e - _SUBNORMAL_EXPONENT(x), e)
    f = m - 1.0
    s = f / (2.0 + f)
    half_square = 0.5 * f * f
    s2 = s * s
    tail = s * fma(s2, _ATANH(s2), half_square)
    low = fma(e, _LN2_LOW(x), correction) + tail
    return fma(e, _LN2_HIGH(x), f - (half_square - low))


@inlined
def log(x):
    """The natural logarithm, at most 0.78 ulp (float32: 0.83) off; log 0 = -inf, nan below zero."""
    result = _log_of_finite(x, x * 0.0)
    result = select(x == 0.0, -_INFINITY(x), result)
    result = select(x > _LARGEST(x), x, result)
    return select(x >= 0.0, result, _NAN(x))


@inlined
def log1p(x):
    """log(1 + x), at most 0.78 ulp (float32: 0.87) off; the rounding error of 1 + x is put back to first order."""
    u = 1.0 + x
    lost = select(x < 1.0, x - (u - 1.0), 1.0 - (u - x))
    result = _log_of_finite(u, lost / u)
    result = select(absolute(x) < _TINY(x), x, result)
    result = select(u == 0.0, -_INFINITY(x), result)
    result = select(x > _LARGEST(x), x, result)
    return select(u >= 0.0, result, _NAN(x))


# The same function as _ATANH, for |s| <= 1/3
_ATANH_TO_A_THIRD = polynomial(
    float64=[
        0.66666666666666658561,
        0.40000000000014582673,
        0.28571428567108757162,
        0.22222222717427862989,
        0.18181789436132858169,
        0.15385570064958623103,
        0.1331414420965493615,
        0.12001072809590712535,
        0.088007384861446738822,
        0.16164045611943532221,
    ],
    float32=[
        0.66666667320527412469,
        0.39999706331929717402,
        0.28592357994302837723,
        0.21706575800880372646,
        0.23224329224023348832,
    ],
)
_SMALLEST_POWER = constant(float64=-1020.0, float32=-124.0)  # of two: half of that power is a normal number


@inlined
def log1p_of_exp(x):
    """log(1 + e^x) for x <= 0, at most 3 + 1.5 |x| ulp off; 0 for x below -706 (float32: -85).

    e^x = N / D gives log(1 + e^x) = 2 atanh(s) with s = N / (2 D + N), so one division serves both functions.
    """
    y = x * SIGMOID_UNITS
    half, e, r = _parts_in_units(select(y < _SMALLEST_POWER(y), _SMALLEST_POWER(y), y))
    s = half * e / fma(half + 1.0, e, -2.0 * r)
    square = s * s
    return select(y < _SMALLEST_POWER(y), 0.0, fma(s * square, _ATANH_TO_A_THIRD(square), s + s))


_INFINITY = constant(float64=float("inf"), float32=float("inf"))
_NAN = constant(float64=float("nan"), float32=float("nan"))
_TINY = constant(float64=2.0**-54, float32=2.0**-25)

_TWO_OVER_PI = constant(float64=float.fromhex("0x1.45f306dc9c883p-1"), float32=float.fromhex("0x1.45f306p-1"))
_HALF_PI_1 = constant(float64=float.fromhex("0x1.921fb54442d18p+0"), float32=float.fromhex("0x1.921fb6p+0"))
_HALF_PI_2 = constant(float64=float.fromhex("0x1.1a62633145c07p-54"), float32=float.fromhex("-0x1.777a5cp-25"))
_HALF_PI_3 = constant(float64=float.fromhex("-0x1.f1976b7ed8fbcp-110"), float32=float.fromhex("-0x1.ee59dap-50"))
_LARGEST_ANGLE = constant(float64=1e9, float32=1e5)
_ROUND_PLAIN = constant(float64=1.5 * 2**52, float32=1.5 * 2**23)

# (sin r / r - 1) / r^2 and (cos r - 1 + r^2 / 2) / r^4 as polynomials in r^2, |r| <= pi / 4
_SIN = polynomial(
    float64=[
        -0.16666666666666666,
        0.008333333333330948,
        -0.00019841269836757405,
        2.755731610178885e-06,
        -2.5051131660261682e-08,
        1.5918114509758172e-10,
    ],
    float32=[-0.16666666663858606, 0.00833333187545916, -0.0001984008696476235, 2.7249940396777236e-06],
)
_COS = polynomial(
    float64=[
        0.041666666666666664,
        -0.0013888888888887398,
        2.4801587298764788e-05,
        -2.7557317271175156e-07,
        2.0876146138576458e-09,
        -1.1382622251877788e-11,
    ],
    float32=[0.041666664662988864, -0.0013888303410024396, 2.454799011015884e-05],
)


@inlined
def _quarter_turns(x):
    """x = q pi/2 + r, |r| <= pi/4: returns q as float, sin r, cos r."""
    x = select(absolute(x) <= _LARGEST_ANGLE(x), x, _NAN(x))
    q = fma(x, _TWO_OVER_PI(x), _ROUND_PLAIN(x)) - _ROUND_PLAIN(x)
    r = fma(q, -_HALF_PI_1(x), x)
    r = fma(q, -_HALF_PI_2(x), r)
    r = fma(q, -_HALF_PI_3(x), r)
    t = r * r
    sine = fma(r * t, _SIN(t), r)
    # 1 - t/2 is rounded; what the rounding lost is put back
    half = 0.5 * t
    near = 1.0 - half
    cosine = near + fma(t * t, _COS(t), (1.0 - near) - half)
    return q, sine, cosine


@inlined
def _modulo_4(q):
    """q mod 4 for an integer q, as one of -2, -1, 0, 1, 2."""
    quotient = fma(q, 0.25, _ROUND_PLAIN(q)) - _ROUND_PLAIN(q)
    return fma(quotient, -4.0, q)


@inlined
def sin(x):
    """sin x, at most 1.49 ulp (float32: 1.48) off for |x| up to 1e9 (float32: 1e5), nan beyond; exactly odd."""
    q, sine, cosine = _quarter_turns(x)
    turn = _modulo_4(q)
    odd = absolute(turn) == 1.0
    result = select(odd, copysign(cosine, cosine * turn), sine)
    result = select(absolute(turn) == 2.0, -sine, result)
    return select(x == 0.0, x, result)


@inlined
def cos(x):
    """cos x, at most 1.44 ulp (float32: 1.49) off for |x| up to 1e9 (float32: 1e5), nan beyond; exactly even."""
    q, sine, cosine = _quarter_turns(x)
    turn = _modulo_4(q)
    result = select(absolute(turn) == 1.0, -sine * turn, cosine)
    return select(absolute(turn) == 2.0, -cosine, result)


def _over_array(function: Any) -> Any:
    def loop(x, out):
        for block in range(x.shape[0] // lanes_of(x)):
            store(out, 0, block, function(load(x, 0, block)))

    loop.__qualname__ = f"{function.__name__}_over_array"  # the name of its file in the cache
    return kernel(loop)


_OVER_ARRAY = {function.__name__: _over_array(function) for function in (exp, log, log1p, sin, cos, tanh, sigmoid)}


def evaluate(name: str, x: NDArray[np.floating]) -> NDArray[np.floating]:
    """One of ``exp log log1p sin cos tanh sigmoid``, element by element.

    ``x`` is an array of any shape, float64 or float32; so is the result. The bits are the same on every CPU, which
    NumPy's own functions do not promise.
    """
    if name not in _OVER_ARRAY:
        raise ValueError(f"{name!r}: expected one of {', '.join(_OVER_ARRAY)}")
    x = np.asarray(x)
    if x.dtype not in (np.float32, np.float64):
        x = x.astype(np.float64)
    lanes = LANES[x.dtype.name]
    padded = np.zeros(-(-x.size // lanes) * lanes, dtype=x.dtype)
    padded[: x.size] = x.ravel()
    _OVER_ARRAY[name](padded, padded)
    return padded[: x.size].reshape(x.shape)
