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
  const noRepeatNgram = new Option('--no-repeat-ngram <n>', 'no n tokens in a row twice').argParser(wholeNumber(1));
  // The parser takes `--no-x` for the contrary of `--x`; here it is a name like any.
  noRepeatNgram.negate = false;
  const command = program
    .command('generate')
    .argument('<checkpoint>', checkpoint)
    .description('continue a text')
    .addOption(new Option('--prompt <text>', 'what to continue; say it again for several').argParser(collected))
    .option('--prompts <file>', 'what to continue: a text on each line')
    .option('--max-new-tokens <n>', 'how far', wholeNumber(0), 200)
    .option('--temperature <t>', '0 always takes the likeliest token', realNumber({ from: 0 }), 0.8)
    .option('--top-k <k>', 'choose among the k likeliest tokens', wholeNumber(1))
    .option('--top-p <p>', 'choose among the fewest tokens whose probabilities add up to p', realNumber({ above: 0, to: 1 }))
    .option('--min-p <p>', 'choose among tokens at least p times as likely as the likeliest', realNumber({ from: 0, to: 1 }))
    .option('--typical-p <p>', 'choose among the tokens of typical information, of mass p', realNumber({ above: 0, to: 1 }))
    .option('--repetition-penalty <x>', 'above 1: make tokens that have been less likely', realNumber({ above: 0 }))
    .addOption(noRepeatNgram)
    .addOption(new Option('--stop <text>', 'end before this text, or at this token; say it again for several').argParser(collected))
    .option('--seed <n>', 'seeds the choices', wholeNumber(0), 0)
    .option('--alternatives <n>', 'with --json: the n likeliest tokens at each step', wholeNumber(1))
    .addOption(
      new Option('--beams <n>', 'search for the likeliest texts with n beams, instead of drawing one')
        .argParser(wholeNumber(1, 1024))
        .conflicts(['temperature', 'topK', 'topP', 'minP', 'typicalP', 'seed', 'alternatives']),
    )
    .option('--length-penalty <x>', 'with --beams: above 1 for longer texts, below for shorter', realNumber({}));
  jsonOption(engineOptions(faultOptions(command, 'the program that reads one token'))).action(
    async (folder: string, flags: GenerateFlags) => {
      const { generateCommand } = await import('./generate.js');
      await generateCommand(folder, flags, context.io);
    },
  );
}

/** Reads an option that may be given several times. */
function collected(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}
