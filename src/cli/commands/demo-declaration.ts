import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import type { DemoFlags } from '../demo/demo.js';
import { jsonOption, wholeNumber } from '../options.js';

export function declareDemo(program: Command, context: CommandContext): void {
  const command = program
    .command('demo')
    .description('train a small model on made-up stories for a minute, and look into it in the studio')
    .option('--steps <n>', 'training steps', wholeNumber(1), 3000)
    .option('--seed <n>', 'seeds weights, batches and samples', wholeNumber(0), 0)
    .option('--out <folder>', 'where to put the model and the picture', 'demo-run')
    .option('--no-open', 'do not go on into the studio');
  jsonOption(command).action(async (flags: DemoFlags) => {
    const { demo } = await import('../demo/demo.js');
    const { studioCommand } = await import('./studio.node.js');
    context.finish(await demo(flags, context.io, (folder) => studioCommand(folder, { open: true }, context)));
  });
}
