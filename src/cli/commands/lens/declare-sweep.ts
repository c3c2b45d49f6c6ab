import { type Command, Option } from 'commander';
import type { CommandContext } from '../../context.js';
import { wholeNumber } from '../../options.js';
import { directionOption } from './declare-changes.js';
import { lensOptions, limit, metricOptions, promptOptions } from './flags.js';
import type { SweepFlags } from './sweep.js';

export function declareLensSweep(lens: Command, context: CommandContext): void {
  const command = lens
    .command('sweep')
    .argument('<checkpoint>', 'a folder, file or hub id')
    .description('change one part after another: patch, attribute, follow paths, ablate')
    .addOption(
      new Option('--kind <kind>', 'what is done to each part')
        .choices(['activation', 'attribution', 'path', 'ablation'])
        .default('activation'),
    )
    .requiredOption('--sites <address>', 'such as "blocks.*.attention.mixed"')
    .option('--by <axes>', 'layer, head, position, key, neuron, channel; the rest is taken whole', 'layer,head')
    .option('--to <address>', 'path: what receives, such as "blocks.3.attention.query[:, 2]"')
    .option('--frozen <globs>', 'path: what is held on the way', '*attention.mixed')
    .option('--renormalise', 'ablation of edges: scale the rest of each row to sum to 1 again')
    .addOption(directionOption())
    .option('--batch <n>', 'parts that go through the model together', wholeNumber(1, 4096))
    .option('--limit <cost>', 'most bytes at once and most seconds', limit, { bytes: 4e9, seconds: 600 })
    .option('--top <n>', 'how many parts to show', wholeNumber(1), 10);
  lensOptions(metricOptions(promptOptions(command, 'the second prompt, the corrupted one'))).action(
    async (folder: string, flags: SweepFlags) => {
      const { sweepCommand } = await import('./sweep.js');
      await sweepCommand(folder, flags, context.io);
    },
  );
}
