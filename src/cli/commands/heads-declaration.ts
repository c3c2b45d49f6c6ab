import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { engineOptions, jsonOption, wholeNumber } from '../options.js';
import type { HeadsFlags } from './heads.js';

export function declareHeads(program: Command, context: CommandContext): void {
  const command = program
    .command('heads')
    .argument('<checkpoint>', 'a folder with config.json and model.safetensors')
    .description('score every attention head: induction, previous token, copying and others')
    .option('--text <text>', 'what to score on, instead of random blocks of tokens that are repeated')
    .option('--ids <ids>', 'the same as token ids: "1,2,3;4,5,6" is two rows')
    .option('--image <file>', 'the same for a model of images: a PNG or JPEG file')
    .option('--tokens <n>', 'tokens in a random block; 50, or what the model has room for', wholeNumber(1))
    .option('--rows <n>', 'how many of them; 4', wholeNumber(1, 10_000))
    .option('--seed <n>', 'what they are drawn from; 0', wholeNumber(0))
    .option('--sort <score>', 'highest first, by this score')
    .option('--top <n>', 'only so many heads', wholeNumber(1));
  jsonOption(engineOptions(command)).action(async (folder: string, flags: HeadsFlags) => {
    const { headsCommand } = await import('./heads.js');
    await headsCommand(folder, flags, context.io);
  });
}
