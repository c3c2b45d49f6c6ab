import type { Command } from 'commander';
import type { CommandContext } from '../../context.js';
import type { LensCaptureFlags } from './capture.js';
import type { CompareFlags } from './compare.js';
import { lensOptions, limit, metricOptions, promptOptions } from './flags.js';

export function declareLensCapture(lens: Command, context: CommandContext): void {
  const command = lens
    .command('capture')
    .argument('<checkpoint>', 'a folder, file or hub id')
    .description('write values inside a model, slices of them, or gradients by them')
    .requiredOption('--sites <addresses>', 'such as "blocks.*.attention.pattern[:, 3], embed:grad"')
    .option('--out <file>', 'a .safetensors file to write')
    .option('--cost', 'tell how many bytes it would be, and stop')
    .option('--limit <bytes>', 'most bytes that may be captured, such as 2GB', limit, { bytes: 1e9 });
  lensOptions(metricOptions(promptOptions(command))).action(async (folder: string, flags: LensCaptureFlags) => {
    const { lensCaptureCommand } = await import('./capture.js');
    await lensCaptureCommand(folder, flags, context.io);
  });
}

export function declareLensCompare(lens: Command, context: CommandContext): void {
  const command = lens
    .command('compare')
    .argument('<checkpoint>', 'a folder, file or hub id')
    .argument('[second]', 'another checkpoint, on the same prompt')
    .description('two prompts aligned by tokens, two checkpoints, or a model and what --replay makes of it: A, B and A − B')
    .requiredOption('--sites <addresses>', 'such as "blocks.*.residual.post"')
    .option('--out <file>', 'a .safetensors file with SITE/a, SITE/b, SITE/difference');
  lensOptions(metricOptions(promptOptions(command, 'the second prompt'))).action(
    async (folder: string, second: string | undefined, flags: CompareFlags) => {
      const { compareCommand } = await import('./compare.js');
      await compareCommand(folder, second, flags, context.io);
    },
  );
}
