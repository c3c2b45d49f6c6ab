import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { engineOptions, faultOptions, jsonOption, wholeNumber } from '../options.js';
import type { ClassifyImageFlags } from './classify-image.js';

export function declareClassify(program: Command, context: CommandContext): void {
  const command = program
    .command('classify')
    .argument('<checkpoint>', 'a folder with config.json, model.safetensors and preprocessor_config.json')
    .description('say what images show')
    .requiredOption('--image <files...>', 'PNG or JPEG files')
    .option('--top <n>', 'how many of the likeliest labels', wholeNumber(1), 5);
  jsonOption(engineOptions(faultOptions(command, 'the program of the first image'))).action(
    async (folder: string, flags: ClassifyImageFlags) => {
      const { classifyImageCommand } = await import('./classify-image.js');
      await classifyImageCommand(folder, flags, context.io);
    },
  );
}
