import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { engineOptions, faultOptions, jsonOption, wholeNumber } from '../options.js';
import type { AnswerFlags } from './answer.js';
import type { EmbedFlags } from './embed.js';
import type { FillFlags } from './fill.js';

const checkpoint = 'a folder with config.json, model.safetensors and tokenizer.json';

/** What all of them take. */
function encoderOptions(command: Command): Command {
  return jsonOption(engineOptions(faultOptions(command, 'the program')));
}

export function textOptions(command: Command): Command {
  return command
    .option('--text <texts...>', 'one text or several')
    .option('--file <file>', 'a text on each line')
    .option('--batch <n>', 'texts in one run', wholeNumber(1, 4096), 16);
}

export function declareEmbed(program: Command, context: CommandContext): void {
  const command = program.command('embed').argument('<checkpoint>', checkpoint).description('turn texts into vectors');
  encoderOptions(textOptions(command)).action(async (folder: string, flags: EmbedFlags) => {
    const { embedCommand } = await import('./embed.js');
    await embedCommand(folder, flags, context.io);
  });
}

export function declareFill(program: Command, context: CommandContext): void {
  const command = program
    .command('fill')
    .argument('<checkpoint>', checkpoint)
    .description('say which words a [MASK] may stand for')
    .requiredOption('--text <text>', 'a text with [MASK] in it (<mask> for RoBERTa)')
    .option('--top <n>', 'how many of the likeliest words', wholeNumber(1), 5);
  encoderOptions(command).action(async (folder: string, flags: FillFlags) => {
    const { fillCommand } = await import('./fill.js');
    await fillCommand(folder, flags, context.io);
  });
}

export function declareAnswer(program: Command, context: CommandContext): void {
  const command = program
    .command('answer')
    .argument('<checkpoint>', checkpoint)
    .description('find the answer to a question in a text')
    .requiredOption('--question <text>', 'what is asked')
    .requiredOption('--context <text>', 'where the answer stands')
    .option('--overlap <n>', 'tokens that neighbouring pieces of a long context share', wholeNumber(0));
  encoderOptions(command).action(async (folder: string, flags: AnswerFlags) => {
    const { answerCommand } = await import('./answer.js');
    await answerCommand(folder, flags, context.io);
  });
}
