import type { Command } from 'commander';
import type { CommandContext } from '../../context.js';
import { declareAttribute } from './declare-attribute.js';
import { declareAblate, declarePatch } from './declare-changes.js';
import { declareLensCapture, declareLensCompare } from './declare-looks.js';
import { declareLensSweep } from './declare-sweep.js';

/** `headlight lens …`: every tool is a command of its own. */
export function declareLens(program: Command, context: CommandContext): void {
  const lens = program.command('lens').description('look into a model, change what it computes, and see what becomes of it');
  const tools = [declareLensCapture, declarePatch, declareAblate, declareAttribute, declareLensSweep, declareLensCompare];
  for (const declare of tools) declare(lens, context);
}
