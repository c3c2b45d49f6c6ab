import type { Command } from 'commander';
import { jsonOption } from '../options.js';
import type { CommandContext } from '../program.js';

export function declareBench(program: Command, context: CommandContext): void {
  const command = program
    .command('bench')
    .argument('[name]', 'which: step (a training step), decode (a generated token)', 'step')
    .description('measure this machine');
  jsonOption(command).action(async (name: string, flags: { json?: boolean }) => {
    const { benchCommand } = await import('./bench.js');
    await benchCommand(name, flags, context.io);
  });
}
