import { type Command, Option } from 'commander';
import type { CommandContext } from '../context.js';
import { collected, generationOptions } from '../generation-options.js';
import { engineOptions, faultOptions, jsonOption, realNumber, wholeNumber } from '../options.js';
import type { ChatFlags } from './chat.js';
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
    .addOption(new Option('--prompt <text>', 'what to continue; say it again for several').argParser(collected))
    .option('--prompts <file>', 'what to continue: a text on each line')
    .option('--ignore-eos', "go on after the checkpoint's end of text");
  generationOptions(command, 200)
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

export function declareChat(program: Command, context: CommandContext): void {
  const command = program
    .command('chat')
    .argument('<checkpoint>', checkpoint)
    .description('talk with a model')
    .option('--system <text>', 'what the model is told first')
    .addOption(new Option('--prompt <text>', 'a message, instead of asking for them; say it again for several').argParser(collected))
    .option('--template <name>', "chatml, or a file with a chat template; the checkpoint's own by default");
  jsonOption(engineOptions(generationOptions(command, 512))).action(async (folder: string, flags: ChatFlags) => {
    const { chatCommand } = await import('./chat.js');
    await chatCommand(folder, flags, context.io, context.finish);
  });
}
