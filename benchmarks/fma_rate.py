"""How many independent multiply-and-adds one core does a second: the unit that makes machines comparable.

A loop over accumulators that do not depend on each other and stay in registers, in LLVM's own language, so that it
shares nothing with what is measured. Register widths and numbers of accumulators that do not suit the CPU come out
slower, by waiting or by spilling; the fastest counts.
"""

from __future__ import annotations

import ctypes
import itertools
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import llvmlite.binding as llvm

WIDTHS = (128, 256, 512)  # bits of a register
ACCUMULATORS = (8, 10, 12, 20, 24)
_ITERATIONS = 60_000  # in one call: a tenth of a millisecond


@dataclass(frozen=True)
class Loop:
    """A compiled loop."""

    dtype: str
    width: int
    accumulators: int
    call: Callable[[int], float]
    assembly: str
    engine: object  # owns the machine code

    def rate(self) -> float:
        """Elements a second, in one call."""
        start = time.thread_time_ns()
        self.call(_ITERATIONS)
        # The clock may be coarse; then a call that seems to take no time says nothing.
        elapsed = time.thread_time_ns() - start
        elements = _ITERATIONS * self.accumulators * self.width // {"float64": 64, "float32": 32}[self.dtype]
        return elements / elapsed * 1e9 if elapsed > 0 else 0.0

    @property
    def body(self) -> list[str]:
        """The instructions of the loop, as assembly."""
        lines = [line.strip() for line in self.assembly.splitlines()]
        labels = {line[:-1]: at for at, line in enumerate(lines) if line.endswith(":")}
        for at, line in enumerate(lines):
            target = re.match(r"(?:j\w+|b\.\w+|cbn?z\s+\w+,)\s+(\S+)$", line)
            if target and labels.get(target[1], at) < at:
                inside = lines[labels[target[1]] + 1 : at + 1]
                return [line for line in inside if line and line[0] not in ".#/"]
        return []


def _ir(dtype: str, width: int, accumulators: int) -> str:
    scalar, suffix, bits = {"float64": ("double", "f64", 64), "float32": ("float", "f32", 32)}[dtype]
    lanes = width // bits
    vector, name = f"<{lanes} x {scalar}>", f"llvm.fmuladd.v{lanes}{suffix}"
    each = range(accumulators)
    attributes = f'"prefer-vector-width"="{width}" "min-legal-vector-width"="{width}"'
    lines = [
        f"declare {vector} @{name}({vector}, {vector}, {vector})",
        f"define {scalar} @spin(i64 %n, {scalar} %x, {scalar} %y) {attributes} {{",
        "entry:",
    ]
    for value in ("x", "y"):
        lines += [
            f"  %{value}0 = insertelement {vector} undef, {scalar} %{value}, i32 0",
            f"  %{value}s = shufflevector {vector} %{value}0, {vector} undef, <{lanes} x i32> zeroinitializer",
        ]
    for k in each:  # all different, or they would be found to be the same
        number = f"{scalar} {1 + k / 64:.6f}"
        lines.append(f"  %a{k} = fmul {vector} %xs, <{', '.join([number] * lanes)}>")
    lines += ["  br label %loop", "loop:", "  %i = phi i64 [ 0, %entry ], [ %next, %loop ]"]
    lines += [f"  %s{k} = phi {vector} [ %a{k}, %entry ], [ %t{k}, %loop ]" for k in each]
    lines += [f"  %t{k} = call {vector} @{name}({vector} %xs, {vector} %ys, {vector} %s{k})" for k in each]
    lines += [
        "  %next = add i64 %i, 1",
        "  %more = icmp slt i64 %next, %n",
        "  br i1 %more, label %loop, label %done",
        "done:",
        f"  %r0 = fadd {vector} %t0, %xs",
    ]
    lines += [f"  %r{k} = fadd {vector} %r{k - 1}, %t{k}" for k in each if k]
    lines += [
        f"  %result = extractelement {vector} %r{accumulators - 1}, i32 0",
        f"  ret {scalar} %result",
        "}",
    ]
    return "\n".join(lines)


def compiled(dtype: str, width: int, accumulators: int) -> Loop:
    """The loop, in machine code for this CPU."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2
    )
    module = llvm.parse_assembly(_ir(dtype, width, accumulators))
    module.verify()
    assembly = machine.emit_assembly(module)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    number = {"float64": ctypes.c_double, "float32": ctypes.c_float}[dtype]
    function = ctypes.CFUNCTYPE(number, ctypes.c_int64, number, number)(engine.get_function_address("spin"))
    return Loop(dtype, width, accumulators, lambda n: float(function(n, 0.5, 1.0)), assembly, engine)


def fastest(dtype: str, calls: int = 20) -> Loop:
    """The loop that suits this CPU best."""
    loops = [compiled(dtype, width, count) for width, count in itertools.product(WIDTHS, ACCUMULATORS)]
    best = {id(loop): 0.0 for loop in loops}
    for _ in range(calls):
        for loop in loops:
            best[id(loop)] = max(best[id(loop)], loop.rate())
    return max(loops, key=lambda loop: best[id(loop)])


class Rate:
    """The rate of a dtype, from samples that are taken all the time while other things are measured."""

    def __init__(self, dtype: str) -> None:
        self.loop = fastest(dtype)
        self._samples: list[float] = []
        for _ in range(20):
            self.sample()

    def sample(self) -> None:
        """Measure for about a millisecond."""
        self._samples += [self.loop.rate() for _ in range(8)]

    @property
    def value(self) -> float:
        """Elements a second: what the best tenth of the samples exceeds.

        What else goes on lowers a sample; a clock that is read at a bad moment may raise a few.
        """
        return statistics.quantiles(self._samples, n=10)[-1]
