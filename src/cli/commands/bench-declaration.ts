import { type Command, Option } from 'commander';
import type { CommandContext } from '../context.js';
import { jsonOption, wholeNumber } from '../options.js';
import type { BenchFlags } from './bench.js';

export function declareBench(program: Command, context: CommandContext): void {
  const command = program
    .command('bench')
    .argument(
      '[name]',
      'step: a training step against PyTorch; attention: attention forward and backward against PyTorch; recurrent: RNN, GRU and LSTM against PyTorch; inference: prompts and tokens against PyTorch and the speed of memory; start: from a command to its first step, token, paint; length: every form over lengths; models: kinds of models on three tasks; reach: how far gradients reach; lens: capture, an intervention, a sweep',
      'step',
    )
    .description('measure this machine')
    .option('--threads <n>', 'threads within an operator', wholeNumber(1, 1024))
    .option('--sizes <names>', 'step: of S, L and 124M (S,L)')
    .option('--up-to <n>', 'length: the longest sequence (32768)', wholeNumber(256, 2 ** 20))
    .option('--forms <names>', 'length, models, reach: these only, such as "lstm,transformer"')
    .option('--steps <n>', 'models, reach: training steps of each; step on webgpu: of each size', wholeNumber(1))
    .addOption(new Option('--device <name>', 'step: webgpu measures it against the CPU instead').choices(['cpu', 'webgpu']))
    .option('--small', 'models, reach, lens, inference, start: small enough to take seconds')
    .option('--times', 'models: time their steps alone')
    .option('--out <file>', 'models: keep what is finished here, and go on from it')
    .option('--plot <file>', 'draw the figures, as SVG')
    .option('--baby', 'step: time the preset `baby` too');
  jsonOption(command).action(async (name: string, flags: BenchFlags) => {
    const { benchCommand } = await import('./bench.js');
    await benchCommand(name, flags, context.io);
  });
}
