import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { jsonOption, wholeNumber } from '../options.js';
import type { StudioFlags } from './studio.node.js';

export function declareStudio(program: Command, context: CommandContext): void {
  const command = program
    .command('studio')
    .argument('[path]', 'a checkpoint, or a folder of checkpoints and runs; the folder runs by default, where there is one, else this one')
    .description('look into models in a browser: attention, what computes a number, what changes if; train and watch')
    .option('--port <n>', 'the port to listen on; any free one by default', wholeNumber(0, 65535))
    .option('--no-open', 'do not open a browser');
  jsonOption(command).action(async (path: string | undefined, flags: StudioFlags) => {
    const { studioCommand } = await import('./studio.node.js');
    context.finish(await studioCommand(path, flags, context));
  });
}
