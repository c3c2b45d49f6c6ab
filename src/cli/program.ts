import { Command } from 'commander';
import { nearest } from '../core/glob.js';
import { declareBench } from './commands/bench-declaration.js';
import { declareClassify } from './commands/classify-declaration.js';
import { declareConformance } from './commands/conformance-declaration.js';
import { declareDemo } from './commands/demo-declaration.js';
import { declareAnswer, declareEmbed, declareFill } from './commands/encoder-declarations.js';
import { declareHeads } from './commands/heads-declaration.js';
import { declareLens } from './commands/lens/declare.js';
import { declareAttend, declareCapture, declareSites } from './commands/lens-declarations.js';
import { declareStudio } from './commands/studio-declaration.js';
import { declareChat, declareEval, declareGenerate } from './commands/text-declarations.js';
import { declareTrain } from './commands/train-declaration.js';
import type { CommandContext } from './context.js';

/**
 * Every command and its options. Declaring is all that happens here: what a command needs is loaded when it runs, so
 * that `--help` is there at once.
 */
export function createProgram(context: CommandContext): Command {
  const program = new Command('headlight')
    .description('Train, run and take apart attention models.')
    .version(context.version, '-V, --version', 'the version')
    .helpOption('-h, --help', 'what can be said here')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: (text) => context.io.out(text), writeErr: () => {} })
    .allowExcessArguments(false);
  for (const declare of [
    declareDemo,
    declareTrain,
    declareEval,
    declareGenerate,
    declareChat,
    declareEmbed,
    declareFill,
    declareClassify,
    declareAnswer,
    declareSites,
    declareCapture,
    declareAttend,
    declareHeads,
    declareLens,
    declareStudio,
    declareBench,
    declareConformance,
  ]) {
    declare(program, context);
  }
  for (const command of program.commands) {
    for (const each of [command, ...command.commands]) {
      each.allowExcessArguments(false).exitOverride().copyInheritedSettings(program).showHelpAfterError(false);
    }
    if (command.commands.length > 0) nameNearest(command.helpCommand(false));
  }
  nameNearest(program);
  return program;
}

/** The parser offers only names that differ by a letter or two; here the nearest is always named. */
function nameNearest(parent: Command): void {
  parent.on('command:*', ([name]: string[]) => {
    const known = parent.commands.map((c) => c.name());
    parent.error(`unknown command '${name}'. Nearest: ${nearest(name ?? '', known, 1)}`);
  });
}
