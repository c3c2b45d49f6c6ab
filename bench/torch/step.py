"""PyTorch's training step, the baseline of `headlight bench step`: a server that reads one JSON command a line and answers in one.

    {"cmd":"info"}
    {"cmd":"init","config":{layers,heads,width,context,vocabulary,batch,activation,dropout},"weights":FILE,
     "lr":…,"betas":[…],"weightDecay":…,"decayFilter":"ndim>=2","clip":1.0|null}
    {"cmd":"step","batches":FILE,"first":k,"count":n}     FILE: `inputs` and `targets`, int32 [N,B,T]

`step` trains on batches k … k+n-1 and answers {"losses":[…],"ms":[…]}: the loss before each update, the time of each whole step
(forward, backward, clipping, AdamW). Mistakes answer {"error":…} and leave the server running; the end of input ends it.
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
import safetensors_io  # noqa: E402
from model import GPT2  # noqa: E402

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


class Trainer:
    def __init__(self, command):
        if command.get('decayFilter', 'ndim>=2') != 'ndim>=2':
            raise ValueError(f"decayFilter: expected 'ndim>=2', got {command['decayFilter']!r}")
        self.model = GPT2(command['config'], safetensors_io.read(command['weights']))
        self.parameters = list(self.model.parameters.values())
        self.clip = command.get('clip')
        decayed = [p for p in self.parameters if p.ndim >= 2]
        others = [p for p in self.parameters if p.ndim < 2]
        groups = [{'params': decayed, 'weight_decay': command['weightDecay']}, {'params': others, 'weight_decay': 0.0}]
        # On a CPU foreach=True was no faster than one tensor at a time; a fused AdamW does not exist in 1.13.
        self.optimizer = torch.optim.AdamW(groups, lr=command['lr'], betas=tuple(command['betas']), eps=1e-8, foreach=False)
        self.batches = (None, None, None)

    def clip_gradients(self):
        """clip_grad_norm_'s rule, with the grouped kernels that later versions of PyTorch use for it."""
        gradients = [p.grad for p in self.parameters]
        norm = torch.stack(torch._foreach_norm(gradients)).norm().item()
        scale = self.clip / (norm + 1e-6)
        if scale < 1:
            torch._foreach_mul_(gradients, scale)

    def step(self, inputs, targets):
        loss = self.model.loss(inputs, targets)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.clip is not None:
            self.clip_gradients()
        self.optimizer.step()
        return loss.item()

    def steps(self, path, first, count):
        if self.batches[0] != path:
            file = safetensors_io.read(path)
            self.batches = (path, *(torch.from_numpy(file[name]).long() for name in ('inputs', 'targets')))
        _, inputs, targets = self.batches
        if not 0 <= first <= first + count <= len(inputs):
            raise ValueError(f'step: batches {first} … {first + count - 1} asked for, {path} has {len(inputs)}')
        losses, times = [], []
        for index in range(first, first + count):
            start = time.perf_counter()
            losses.append(self.step(inputs[index], targets[index]))
            times.append((time.perf_counter() - start) * 1e3)
        return {'losses': losses, 'ms': times}


def main():
    keep_memory()
    trainer = None
    for line in sys.stdin:
        try:
            command = json.loads(line)
            if command['cmd'] == 'info':
                reply = info()
            elif command['cmd'] == 'init':
                trainer = Trainer(command)
                reply = {'parameters': sum(p.numel() for p in trainer.parameters)}
            elif command['cmd'] == 'step' and trainer is not None:
                reply = trainer.steps(command['batches'], command['first'], command['count'])
            else:
                raise ValueError(f"expected cmd 'info', 'init', or 'step' after 'init'; got {command['cmd']!r}")
        except Exception as error:  # the caller is another process: it must hear of every mistake
            reply = {'error': f'{type(error).__name__}: {error}'}
        print(json.dumps(reply), flush=True)


if __name__ == '__main__':
    main()
