import type { Command } from 'commander';
import type { CommandContext } from '../../context.js';
import { declareAttribute } from './attribute-declaration.js';

/** `headlight lens …`: each sub-command declares itself. */
export function declareLens(program: Command, context: CommandContext): void {
  const lens = program.command('lens').description('look into a model: what its words are made of');
  for (const declare of [declareAttribute]) declare(lens, context);
}
