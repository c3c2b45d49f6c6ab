"""What the baselines share: a server that reads one JSON command a line and answers in one, and PyTorch set up for speed.

Every server knows {"cmd":"info"}. Mistakes answer {"error":…} and leave the server running; the end of input ends it.
"""
import ctypes
import json
import os
import platform
import sys
import time

import torch

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'test', 'fixtures'))
import safetensors_io  # noqa: E402, F401 (the servers read their files with it)

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def keep_memory():
    """Let glibc keep large freed blocks: otherwise each step maps its activations afresh and pays for the page faults."""
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, 1 << 30)
        mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)


def blas():
    """The BLAS library really loaded, and the kernels it chose."""
    with open('/proc/self/maps') as maps:
        paths = sorted({line.split()[-1] for line in maps if 'blas' in line})
    for path in paths:
        library = ctypes.CDLL(path)
        if hasattr(library, 'openblas_get_config'):
            library.openblas_get_config.restype = library.openblas_get_corename.restype = ctypes.c_char_p
            return f'{library.openblas_get_config().decode()}, kernels {library.openblas_get_corename().decode()}'
    return ', '.join(paths) or 'unknown'


def info():
    names = ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'OPENBLAS_CORETYPE', 'OMP_PROC_BIND', 'ATEN_CPU_CAPABILITY')
    env = {name: os.environ[name] for name in names if name in os.environ}
    return {
        'torch': torch.__version__, 'python': platform.python_version(), 'threads': torch.get_num_threads(), 'blas': blas(),
        'config': torch.__config__.show(), 'env': env,
    }


def timed(count, clear, loss):
    """Run so many steps, forward and backward: `clear` forgets gradients, `loss` computes a scalar. The losses and milliseconds."""
    losses, times = [], []
    for _ in range(count):
        start = time.perf_counter()
        clear()
        value = loss()
        value.backward()
        losses.append(value.item())
        times.append((time.perf_counter() - start) * 1e3)
    return {'losses': losses, 'ms': times}


def serve(commands):
    """Answer each line by the command it names: {name: function of the command's fields to what is answered}."""
    keep_memory()
    known = {'info': lambda _: info(), **commands}
    for line in sys.stdin:
        try:
            command = json.loads(line)
            if command['cmd'] not in known:
                raise ValueError(f"expected cmd {', '.join(known)}; got {command['cmd']!r}")
            reply = known[command['cmd']](command)
        except Exception as error:  # the caller is another process: it must hear of every mistake
            reply = {'error': f'{type(error).__name__}: {error}'}
        print(json.dumps(reply), flush=True)
