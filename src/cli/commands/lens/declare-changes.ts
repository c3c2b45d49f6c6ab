import { type Command, Option } from 'commander';
import type { CommandContext } from '../../context.js';
import type { AblateFlags } from './ablate.js';
import { edges, lensOptions, metricOptions, placeOptions, promptOptions } from './flags.js';
import type { PatchFlags } from './patch.js';

export function declarePatch(lens: Command, context: CommandContext): void {
  const command = lens
    .command('patch')
    .argument('<checkpoint>', 'a folder, file or hub id')
    .description("put one run's values into the other's, and see how much of the way that goes")
    .addOption(directionOption())
    .option('--save <file>', 'write the intervention, to be replayed');
  lensOptions(metricOptions(placeOptions(promptOptions(command, 'the second prompt, the corrupted one')))).action(
    async (folder: string, flags: PatchFlags) => {
      const { patchCommand } = await import('./patch.js');
      await patchCommand(folder, flags, context.io);
    },
  );
}

export function declareAblate(lens: Command, context: CommandContext): void {
  const command = lens
    .command('ablate')
    .argument('<checkpoint>', 'a folder, file or hub id')
    .description('take something away, and see what becomes of the metric')
    .addOption(
      new Option('--with <what>', 'what stands in its place; resample takes the second prompt')
        .choices(['zero', 'mean', 'resample'])
        .default('zero'),
    )
    .option('--reference <file>', 'mean: a prompt on each line; --text by default')
    .option('--edges <pairs>', 'of patterns, edges from query to key only: "5:2,7:0"', edges)
    .option('--renormalise', 'edges: scale the rest of each row to sum to 1 again')
    .option('--save <file>', 'write the intervention, to be replayed');
  lensOptions(metricOptions(placeOptions(promptOptions(command, 'the second prompt, whose values are taken')))).action(
    async (folder: string, flags: AblateFlags) => {
      const { ablateCommand } = await import('./ablate.js');
      await ablateCommand(folder, flags, context.io);
    },
  );
}

/** Which run is changed. */
export function directionOption(): Option {
  return new Option('--direction <way>', 'clean values into the corrupted run, or the other way round')
    .choices(['denoise', 'noise'])
    .default('denoise');
}
