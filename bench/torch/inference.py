"""GPT-2 with a cache in PyTorch, the baseline of `headlight bench inference`: a server, see server.py.

    {"cmd":"init","config":{layers,heads,width,context},"weights":FILE}      FILE: a GPT-2 in Hugging Face's layout
    {"cmd":"read","slot":NAME,"ids":[B][T]}       a prompt, into a slot that forgets what it held
    {"cmd":"step","slot":NAME,"ids":[count][B]}   one token a row, count times, then back to where the slot was

Both answer {"ms":[…],"logits":[V]}: of each run, and the last row's after the last.
"""
import math
import sys
import time

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
import server  # noqa: E402


class Slot:
    """Keys and values of some rows, [B·H,context,D] a layer, of which the first `length` are filled."""

    def __init__(self, model, batch):
        shape = (batch * model.heads, model.context, model.width // model.heads)
        self.batch, self.length = batch, 0
        self.keys = [torch.zeros(shape) for _ in range(model.layers)]
        self.values = [torch.zeros(shape) for _ in range(model.layers)]


class GPT2:
    def __init__(self, config, weights):
        self.layers, self.heads, self.width, self.context = (config[name] for name in ('layers', 'heads', 'width', 'context'))
        self.p = {name.removeprefix('transformer.'): torch.from_numpy(array) for name, array in weights.items()}
        # [out,in]: products with one row run along the weights' rows (README.md).
        for name, value in self.p.items():
            if value.ndim == 2 and name.startswith('h.'):
                self.p[name] = value.t().contiguous()
        self.mask = torch.full((self.context, self.context), -math.inf).triu(1)

    def read(self, slot, ids):
        """ids [B,T], after what the slot holds -> logits of the last position, [B,V]."""
        batch, length = ids.shape
        begin, end = slot.length, slot.length + length
        size, p = self.width // self.heads, self.p
        stream = (F.embedding(ids, p['wte.weight']) + p['wpe.weight'][begin:end]).view(batch * length, self.width)
        for layer in range(self.layers):
            name = f'h.{layer}'
            qkv = self.linear(self.norm(stream, f'{name}.ln_1'), f'{name}.attn.c_attn')
            query, key, value = (
                part.view(batch, length, self.heads, size).transpose(1, 2).reshape(batch * self.heads, length, size)
                for part in qkv.split(self.width, -1)
            )
            slot.keys[layer][:, begin:end] = key
            slot.values[layer][:, begin:end] = value
            keys, values = slot.keys[layer][:, :end], slot.values[layer][:, :end]
            if length == 1:
                pattern = (torch.bmm(query, keys.transpose(1, 2)) * (1 / math.sqrt(size))).softmax(-1)
            else:
                mask = self.mask[begin:end, :end].expand(batch * self.heads, length, end)
                pattern = torch.baddbmm(mask, query, keys.transpose(1, 2), alpha=1 / math.sqrt(size)).softmax(-1)
            mixed = torch.bmm(pattern, values).view(batch, self.heads, length, size).transpose(1, 2).reshape(batch * length, self.width)
            stream = stream + self.linear(mixed, f'{name}.attn.c_proj')
            hidden = F.gelu(self.linear(self.norm(stream, f'{name}.ln_2'), f'{name}.mlp.c_fc'), approximate='tanh')
            stream = stream + self.linear(hidden, f'{name}.mlp.c_proj')
        slot.length = end
        last = stream.view(batch, length, self.width)[:, -1]
        return product(self.norm(last, 'ln_f'), p['wte.weight'])

    def linear(self, x, name):
        return product(x, self.p[f'{name}.weight'], self.p[f'{name}.bias'])

    def norm(self, x, name):
        return F.layer_norm(x, (self.width,), self.p[f'{name}.weight'], self.p[f'{name}.bias'], 1e-5)


def product(x, weight, bias=None):
    """x [N,in], weight [out,in] -> [N,out]; one row by gemv, which is twice as fast as gemm there (README.md)."""
    if len(x) > 1:
        return F.linear(x, weight, bias)
    return (torch.mv(weight, x[0]) if bias is None else torch.addmv(bias, weight, x[0]))[None]


class Server:
    def init(self, command):
        self.model = GPT2(command['config'], server.safetensors_io.read(command['weights']))
        self.slots = {}
        return {}

    def read(self, command):
        ids = torch.tensor(command['ids'])
        slot = self.slots.get(command['slot'])
        if slot is None or slot.batch != len(ids):
            slot = self.slots[command['slot']] = Slot(self.model, len(ids))
        slot.length = 0
        return self.timed(slot, [ids])

    def step(self, command):
        slot = self.slots[command['slot']]
        before = slot.length
        reply = self.timed(slot, [torch.tensor(row).view(-1, 1) for row in command['ids']])
        slot.length = before
        return reply

    def timed(self, slot, all_ids):
        times = []
        with torch.inference_mode():
            for ids in all_ids:
                start = time.perf_counter()
                logits = self.model.read(slot, ids)
                times.append((time.perf_counter() - start) * 1e3)
        return {'ms': times, 'logits': logits[-1].tolist()}


if __name__ == '__main__':
    commands = Server()
    server.serve({'init': commands.init, 'read': commands.read, 'step': commands.step})
