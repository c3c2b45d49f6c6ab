"""GPT-2 for training in PyTorch 1.13 on a CPU, in the form that measured fastest there (see README.md).

Parameters keep Hugging Face's names and layouts (weights [in, out]); shapes use B batch, T length, H heads, D head width, C width.
"""
import math

import torch
import torch.nn.functional as F


class GPT2:
    def __init__(self, config, weights):
        """`weights`: {Hugging Face name: numpy float32}; the head is tied to the embedding unless `lm_head.weight` is there."""
        self.layers, self.heads, self.width = config['layers'], config['heads'], config['width']
        self.dropout = config.get('dropout', 0.0)
        self.approximate = {'gelu': 'none', 'gelu_new': 'tanh'}[config.get('activation', 'gelu_new')]
        self.parameters = {name: torch.from_numpy(array).requires_grad_() for name, array in weights.items()}
        # Added inside the matrix product: one pass over the scores fewer than scaling and masked_fill.
        self.mask = torch.full((config['context'], config['context']), -math.inf).triu(1)
        self.head = self.parameters.get('lm_head.weight', self.parameters['transformer.wte.weight'])

    def loss(self, inputs, targets):
        """inputs, targets [B,T] int64 -> mean cross entropy, []."""
        batch, length = inputs.shape
        parameters = self.parameters
        stream = F.embedding(inputs, parameters['transformer.wte.weight']) + parameters['transformer.wpe.weight'][:length]
        stream = self._drop(stream).view(batch * length, self.width)
        for layer in range(self.layers):
            name = f'transformer.h.{layer}'
            mixed = self._attend(self._linear(self._norm(stream, f'{name}.ln_1'), f'{name}.attn.c_attn'), batch, length)
            stream = stream + self._drop(self._linear(mixed, f'{name}.attn.c_proj'))
            hidden = F.gelu(self._linear(self._norm(stream, f'{name}.ln_2'), f'{name}.mlp.c_fc'), approximate=self.approximate)
            stream = stream + self._drop(self._linear(hidden, f'{name}.mlp.c_proj'))
        logits = F.linear(self._norm(stream, 'transformer.ln_f'), self.head)
        return F.cross_entropy(logits, targets.reshape(-1))

    def _attend(self, qkv, batch, length):
        """qkv [B·T,3C] -> weights × values [B·T,C]."""
        heads, size = self.heads, self.width // self.heads
        query, key, value = (
            part.view(batch, length, heads, size).transpose(1, 2).reshape(batch * heads, length, size) for part in qkv.split(self.width, -1)
        )
        mask = self.mask[:length, :length].expand(batch * heads, length, length)
        pattern = torch.baddbmm(mask, query, key.transpose(1, 2), alpha=1 / math.sqrt(size)).softmax(-1)
        mixed = torch.bmm(self._drop(pattern), value).view(batch, heads, length, size)
        return mixed.transpose(1, 2).reshape(batch * length, self.width)

    def _linear(self, x, name):
        return torch.addmm(self.parameters[f'{name}.bias'], x, self.parameters[f'{name}.weight'])

    def _norm(self, x, name):
        return F.layer_norm(x, (self.width,), self.parameters[f'{name}.weight'], self.parameters[f'{name}.bias'], 1e-5)

    def _drop(self, x):
        return F.dropout(x, self.dropout) if self.dropout > 0 else x
