"""PyTorch's nn.LSTM, nn.GRU or nn.RNN, the baseline of `headlight bench recurrent`: a server, see server.py.

    {"cmd":"init","config":{cell,hidden},"weights":FILE}     FILE: `x` [B,T,C], `cotangent` [B,T,H], `layers.0.forward.input` [C,4H], …
    {"cmd":"step","count":n}

Both answer {"losses":[…],"ms":[…]} of that many steps (`init`: of one, with `norms`, the norm of each gradient under our
names): the loss is sum(out * cotangent), a step is forward, backward by x and every parameter.
"""
import sys

import torch

sys.dont_write_bytecode = True
import server  # noqa: E402

KINDS = {'lstm': torch.nn.LSTM, 'gru': torch.nn.GRU, 'rnn': torch.nn.RNN}
NAMES = {'weight_ih_l0': 'input', 'weight_hh_l0': 'hidden', 'bias_ih_l0': 'inputBias', 'bias_hh_l0': 'hiddenBias'}


class Server:
    def init(self, command):
        values = server.safetensors_io.read(command['weights'])
        config = command['config']
        # Time first, as PyTorch's kernels take it: `batch_first` would add copies.
        self.x = torch.from_numpy(values['x']).transpose(0, 1).contiguous().requires_grad_()
        self.cotangent = torch.from_numpy(values['cotangent']).transpose(0, 1).contiguous()
        self.net = KINDS[config['cell']](self.x.shape[-1], config['hidden'])
        for name, parameter in self.net.named_parameters():
            parameter.data = torch.from_numpy(values[f'layers.0.forward.{NAMES[name]}']).t().contiguous()
        reply = self.step({'count': 1})
        norms = {f'layers.0.forward.{NAMES[n]}': p.grad.norm().item() for n, p in self.net.named_parameters()}
        return {**reply, 'norms': {'x': self.x.grad.norm().item(), **norms}}

    def step(self, command):
        return server.timed(command['count'], self.clear, lambda: (self.net(self.x)[0] * self.cotangent).sum())

    def clear(self):
        self.net.zero_grad(set_to_none=True)
        self.x.grad = None


if __name__ == '__main__':
    commands = Server()
    server.serve({'init': commands.init, 'step': commands.step})
