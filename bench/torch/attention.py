"""PyTorch's unfused multi-head attention, the baseline of `headlight bench attention`: a server, see server.py.

    {"cmd":"init","config":{heads,causal},"weights":FILE}     FILE: `x` and `cotangent` [B,T,C], `query.weight` [in,out], `query.bias`, …
    {"cmd":"step","count":n}

Both answer {"losses":[…],"ms":[…]} of that many steps (`init`: of one, with `norms`, the norm of each gradient): the loss is
sum(out * cotangent), a step is forward, backward by x and every parameter.
"""
import math
import sys

import torch

sys.dont_write_bytecode = True
import server  # noqa: E402


class Attention(torch.nn.Module):
    """softmax(q kᵀ / √D) v over heads, with four linear layers; scale and mask inside the product, as measured fastest (README.md)."""

    def __init__(self, heads, causal, values):
        super().__init__()
        self.heads = heads
        width, length = values['x'].shape[-1], values['x'].shape[1]
        for name in ('query', 'key', 'value', 'output'):
            layer = torch.nn.Linear(width, width)
            layer.weight.data = torch.from_numpy(values[f'{name}.weight']).t().contiguous()
            layer.bias.data = torch.from_numpy(values[f'{name}.bias'])
            setattr(self, name, layer)
        self.mask = torch.full((length, length), -math.inf).triu(1) if causal else torch.zeros(1, 1)
        self.beta = 1 if causal else 0

    def forward(self, x):
        """[B,T,C] -> [B,T,C]"""
        batch, length, width = x.shape
        size = width // self.heads
        query, key, value = (
            layer(x).view(batch, length, self.heads, size).transpose(1, 2).reshape(batch * self.heads, length, size)
            for layer in (self.query, self.key, self.value)
        )
        mask = self.mask.expand(batch * self.heads, length, length)
        pattern = torch.baddbmm(mask, query, key.transpose(1, 2), beta=self.beta, alpha=1 / math.sqrt(size)).softmax(-1)
        mixed = torch.bmm(pattern, value).view(batch, self.heads, length, size)
        return self.output(mixed.transpose(1, 2).reshape(batch, length, width))


class Server:
    def init(self, command):
        values = server.safetensors_io.read(command['weights'])
        self.attention = Attention(command['config']['heads'], command['config']['causal'], values)
        self.x = torch.from_numpy(values['x']).requires_grad_()
        self.cotangent = torch.from_numpy(values['cotangent'])
        reply = self.step({'count': 1})
        transposed = {name: p.grad for name, p in self.attention.named_parameters()}
        return {**reply, 'norms': {name: grad.norm().item() for name, grad in {'x': self.x.grad, **transposed}.items()}}

    def step(self, command):
        return server.timed(command['count'], self.clear, lambda: (self.attention(self.x) * self.cotangent).sum())

    def clear(self):
        self.attention.zero_grad(set_to_none=True)
        self.x.grad = None


if __name__ == '__main__':
    commands = Server()
    server.serve({'init': commands.init, 'step': commands.step})
