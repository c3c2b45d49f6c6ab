import type { Command } from 'commander';
import { fail } from '../../core/index.js';
import type { CommandContext } from '../context.js';
import { engineOptions, faultOptions, jsonOption, wholeNumber } from '../options.js';
import type { ClassifyImageFlags } from './classify-image.js';
import type { ClassifyTextFlags } from './classify-text.js';
import { textOptions } from './encoder-declarations.js';

type ClassifyFlags = ClassifyTextFlags & Omit<ClassifyImageFlags, 'image'> & { readonly image?: readonly string[] };

/** Texts or images, by what is given: one command, as the checkpoint has one kind of label. */
export function declareClassify(program: Command, context: CommandContext): void {
  const command = program
    .command('classify')
    .argument('<checkpoint>', 'a folder with config.json, model.safetensors and tokenizer.json or preprocessor_config.json')
    .description('label texts, the names in them, or images, as the checkpoint was trained to');
  textOptions(command)
    .option('--image <files...>', 'PNG or JPEG files')
    .option('--top <n>', 'how many of the likeliest labels', wholeNumber(1), 5);
  jsonOption(engineOptions(faultOptions(command, 'the first program'))).action(async (folder: string, flags: ClassifyFlags) => {
    const { image } = flags;
    const isOfText = flags.text !== undefined || flags.file !== undefined;
    if (isOfText === (image !== undefined)) {
      const fix = 'Give --text <text>, --file <file> with one on each line, or --image <file>';
      throw fail('value', { where: 'classify', rule: 'texts or images', got: isOfText ? 'both' : 'neither', fix });
    }
    if (image === undefined) {
      const { classifyTextCommand } = await import('./classify-text.js');
      await classifyTextCommand(folder, flags, context.io);
      return;
    }
    const { classifyImageCommand } = await import('./classify-image.js');
    await classifyImageCommand(folder, { ...flags, image }, context.io);
  });
}
