"""Compile options and the disk cache of compiled kernels, in one place.

Numba's own disk cache knows the file in which a function stands, not the modules that function calls: after an edit
of ``simd.py`` it would go on serving the old kernel. The cache here lies in a folder named by a digest of every
source file of this package, so that any edit starts a new one.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba import _dynfunc
from numba.core import serialize
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    UserProvidedCacheLocator,
    UserWideCacheLocator,
)
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.runtime import rtsys
from numba.core.typed_passes import InlineOverloads, NativeLowering, NopythonRewrites
from numba.core.untyped_passes import InlineClosureLikes, LiteralUnroll, WithLifting

from planar_core.caches import NotPrivate, make_private

if numba.config.DISABLE_JIT:
    raise ImportError("planar_core is compiled by Numba: unset NUMBA_DISABLE_JIT")

_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",  # 1 / 0 is inf, not an exception
    "fastmath": False,  # it reassociates
    "boundscheck": False,
    # No reference counts: each is an atomic operation, which waits for all stores before it, and the arrays of the
    # examples are shared by all threads. Nor can a kernel allocate anything.
    "_nrt": False,
}


class _Kernel(JITCodeLibrary):
    """The code of a kernel. Numba would optimize it twice, to remove reference counts in between."""

    def _optimize_final_module(self) -> None:
        manager, builder = self._codegen._module_pass_manager()
        manager.run(self._final_module, builder)


class _PartOfKernels(JITCodeLibrary):
    """The code of a function that only kernels call. It is optimized and compiled only as a part of each kernel.

    Numba would also compile the function itself, and every function between it and a kernel.
    """

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def finalize(self) -> None:
        self._raise_if_finalized()
        for library in dict.fromkeys(self._linking_libraries):
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._finalized = True


# Numba's steps for what no kernel has: closures, with statements, array expressions.
_NOT_NEEDED = {InlineClosureLikes, InlineOverloads, LiteralUnroll, NopythonRewrites, WithLifting}


@register_pass(mutates_CFG=True, analysis_only=False)
class _LoweringOfKernels(NativeLowering):
    """Numba's last step for a kernel."""

    _name = "lowering_of_kernels"

    def run_pass(self, state: Any) -> bool:
        state.library = _Kernel(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return bool(super().run_pass(state))


@register_pass(mutates_CFG=True, analysis_only=False)
class _LoweringOfParts(NativeLowering):
    """Numba's last step for such a function, without an entry point for Python."""

    _name = "lowering_of_parts"

    def run_pass(self, state: Any) -> bool:
        state.library = _PartOfKernels(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        lowered = state["cr"]
        name = lowered.fndesc.qualname.rpartition(".")[2]
        key = _dynfunc.make_function(lowered.fndesc.lookup_module(), name, "", 0, lowered.env, (state.library,))
        state.targetctx.insert_user_function(key, lowered.fndesc, [state.library])
        state["cr"] = lowered._replace(cfunc=key)
        return True


class _CompilerOfKernels(CompilerBase):
    """Numba's compiler, except for the last step and for what is not needed."""

    lowering: type[NativeLowering] = _LoweringOfKernels

    def define_pipelines(self) -> list[PassManager]:
        manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
        manager.passes = [
            (self.lowering if step is NativeLowering else step, about)
            for step, about in manager.passes
            if step not in _NOT_NEEDED
        ]
        manager.finalize()
        return [manager]


class _CompilerOfParts(_CompilerOfKernels):
    lowering = _LoweringOfParts


# "forceinline" is always given, since Numba passes it on to called functions.
CALLED: dict[str, Any] = {
    **_OPTIONS,
    "forceinline": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "pipeline_class": _CompilerOfParts,
}
INLINED: dict[str, Any] = {**CALLED, "forceinline": True}


def inlined(function: Callable[..., Any]) -> Any:
    """Compile ``function`` into each kernel that calls it; it cannot be called from Python."""
    return numba.njit(**INLINED)(function)


def called(function: Callable[..., Any]) -> Any:
    """Compile ``function`` for calls from kernels, not from Python: for a loop that needs all registers.

    ``simd.stands_alone()`` in the function keeps LLVM from inlining it.
    """
    return numba.njit(**CALLED)(function)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile ``function`` for calls from Python, without the GIL, and keep the result on disk."""
    dispatcher = numba.njit(no_cfunc_wrapper=True, pipeline_class=_CompilerOfKernels, **_OPTIONS)(function)
    try:
        dispatcher._cache = _Cache(function)
    except RuntimeError:  # no folder to write to: every process compiles for itself
        _warn(_refused[-1] if _refused else "no folder for compiled kernels is writable")
    return dispatcher


_warned: list[str] = []
_refused: list[str] = []  # why a folder was not taken


def _warn(reason: str) -> None:
    if _warned:  # once: twenty kernels have the same trouble twenty times
        return
    _warned.append(reason)
    warnings.warn(f"compiled kernels are not kept: {reason}; every start will compile them again", stacklevel=3)


@functools.cache
def sources_digest() -> str:
    """A digest of every source file of this package: the name of the cache's folder."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


class _KeyedBySources:
    """What both locators below share: a folder, and freshness, by ``sources_digest``."""

    def get_cache_path(self) -> str:
        return str(Path(super().get_cache_path()).parent / f"planar_core-{sources_digest()}")  # type: ignore[misc]

    def get_source_stamp(self) -> str:
        return sources_digest()

    def ensure_cache_path(self) -> None:
        try:
            make_private(Path(self.get_cache_path()))
        except NotPrivate as error:
            _refused.append(str(error))
            raise
        super().ensure_cache_path()  # type: ignore[misc]


class _InGivenFolder(_KeyedBySources, UserProvidedCacheLocator):
    """NUMBA_CACHE_DIR, where it is set."""


class _InUserFolder(_KeyedBySources, UserWideCacheLocator):
    """The user's cache folder (~/.cache/numba on Linux)."""


class _CacheFiles(CompileResultCacheImpl):
    """What is in a file: a compiled kernel, the CPU that it is for, and a digest of both.

    Numba would run whatever machine code it finds. A flipped bit can make it compute something else; and two processes
    that compile at once, for two CPUs or two dtypes, can leave an index that names the file of the other one.
    """

    _locator_classes = [_InGivenFolder, _InUserFolder]  # noqa: RUF012 - the name and the type are Numba's

    def reduce(self, result: Any) -> Any:
        content = serialize.dumps((result.codegen.magic_tuple(), super().reduce(result)))
        return hashlib.sha256(content).digest(), content

    def rebuild(self, target_context: Any, reduced: Any) -> Any:
        digest, content = reduced
        if hashlib.sha256(content).digest() != digest:
            raise ValueError("not what was written")
        cpu, result = pickle.loads(content)  # noqa: S301 - the user's own cache, which Numba unpickles as well
        if cpu != target_context.codegen().magic_tuple():
            raise ValueError("for another CPU")
        return super().rebuild(target_context, result)


class _Cache(FunctionCache):
    """A cache that can only help: whatever is wrong with its files, the kernel is compiled instead."""

    _impl_class = _CacheFiles

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        # Numba adds a digest of the code and of what a closure holds, which differs from process to process where
        # that is another jitted function. Here the folder's name stands for all of it.
        return sig, codegen.magic_tuple()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        # Numba's own method first imports everything that kernels could need to be compiled, SciPy too, which takes
        # several times as long as to load a kernel. What compiled ones need is its runtime.
        rtsys.initialize(target_context)
        try:
            with self._guard_against_spurious_io_errors():
                result = self._load_overload(sig, target_context)
            if result is not None and tuple(result.signature.args) != tuple(sig):
                raise ValueError("for other types")
        except Exception as error:  # noqa: BLE001 - a damaged file can raise anything: pickle, index, LLVM
            _warn(f"a file in {self.cache_path} is damaged ({type(error).__name__})")
            with contextlib.suppress(OSError):
                self.flush()  # a damaged index would never be replaced otherwise
            return None
        return result

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except Exception as error:  # noqa: BLE001 - a full disk, a folder taken away
            _warn(f"{self.cache_path} cannot be written ({type(error).__name__})")
