import { type Command, Option } from 'commander';
import type { CommandContext } from '../context.js';
import { engineOptions, faultOptions, jsonOption, realNumber, wholeNumber } from '../options.js';
import type { EvalFlags } from './eval.js';
import type { GenerateFlags } from './generate.js';

const checkpoint = 'a folder with config.json, model.safetensors and tokenizer.json';

export function declareEval(program: Command, context: CommandContext): void {
  const command = program
    .command('eval')
    .argument('<checkpoint>', checkpoint)
    .argument('<data>', 'a text file, a .jsonl or .csv, a folder of them, or the built-in `stories`')
    .description('measure the loss on a text')
    .addOption(
      new Option('--split <part>', 'which part, as training splits it').choices(['validation', 'train', 'all']).default('validation'),
    )
    .option('--column <name>', 'the field of a .jsonl or .csv that holds the text (default: text)');
  jsonOption(engineOptions(faultOptions(command, 'the first program'))).action(async (folder: string, data: string, flags: EvalFlags) => {
    const { evalCommand } = await import('./eval.js');
    await evalCommand(folder, data, flags, context.io);
  });
}

export function declareGenerate(program: Command, context: CommandContext): void {
  const command = program
    .command('generate')
    .argument('<checkpoint>', checkpoint)
    .description('continue a text')
    .requiredOption('--prompt <text>', 'what to continue')
    .option('--max-new-tokens <n>', 'how far', wholeNumber(0), 200)
    .option('--temperature <t>', '0 always takes the likeliest token', realNumber({ from: 0 }), 0.8)
    .option('--top-k <k>', 'choose among the k likeliest tokens', wholeNumber(1))
    .option('--top-p <p>', 'choose among the fewest tokens whose probabilities add up to p', realNumber({ above: 0, to: 1 }))
    .option('--seed <n>', 'seeds the choices', wholeNumber(0), 0);
  jsonOption(engineOptions(faultOptions(command, 'the program that reads one token'))).action(
    async (folder: string, flags: GenerateFlags) => {
      const { generateCommand } = await import('./generate.js');
      await generateCommand(folder, flags, context.io);
    },
  );
}
