"""PyTorch's training step, the baseline of `headlight bench step`: a server that reads one JSON command a line and answers in one.

    {"cmd":"info"}
    {"cmd":"init","config":{layers,heads,width,context,vocabulary,batch,activation,dropout},"weights":FILE,
     "lr":…,"betas":[…],"weightDecay":…,"decayFilter":"ndim>=2","clip":1.0|null}
    {"cmd":"step","batches":FILE,"first":k,"count":n}     FILE: `inputs` and `targets`, int32 [N,B,T]

`step` trains on batches k … k+n-1 and answers {"losses":[…],"ms":[…]}: the loss before each update, the time of each whole step
(forward, backward, clipping, AdamW). Mistakes answer {"error":…} and leave the server running; the end of input ends it.
"""
import sys
import time

import torch

sys.dont_write_bytecode = True
import server  # noqa: E402
from model import GPT2  # noqa: E402


class Trainer:
    def __init__(self, command):
        if command.get('decayFilter', 'ndim>=2') != 'ndim>=2':
            raise ValueError(f"decayFilter: expected 'ndim>=2', got {command['decayFilter']!r}")
        self.model = GPT2(command['config'], server.safetensors_io.read(command['weights']))
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
            file = server.safetensors_io.read(path)
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


class Server:
    trainer = None

    def init(self, command):
        self.trainer = Trainer(command)
        return {'parameters': sum(p.numel() for p in self.trainer.parameters)}

    def step(self, command):
        if self.trainer is None:
            raise ValueError("expected 'step' after 'init'")
        return self.trainer.steps(command['batches'], command['first'], command['count'])


if __name__ == '__main__':
    commands = Server()
    server.serve({'init': commands.init, 'step': commands.step})
