import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { engineOptions, faultOptions, jsonOption, wholeNumber } from '../options.js';
import type { AttendFlags } from './attend.js';
import type { CaptureFlags } from './capture.js';

const checkpoint = 'a folder with config.json and model.safetensors';

export function declareSites(program: Command, context: CommandContext): void {
  const command = program
    .command('sites')
    .argument('<checkpoint>', checkpoint)
    .description('list every value inside a model that can be captured, with its shape');
  jsonOption(command).action(async (folder: string, flags: { json?: boolean }) => {
    const { sitesCommand } = await import('./sites.js');
    await sitesCommand(folder, flags, context.io);
  });
}

export function declareCapture(program: Command, context: CommandContext): void {
  const command = program
    .command('capture')
    .argument('<checkpoint>', checkpoint)
    .description('run once and write what the model computed on the way')
    .option('--text <text>', 'what to run on')
    .option('--ids <ids>', 'the same as token ids: "1,2,3;4,5,6" is two rows')
    .option('--image <file>', 'the same for a model of images: a PNG or JPEG file')
    .requiredOption('--sites <globs>', 'which values, such as "blocks.*.attention.pattern,logits"')
    .requiredOption('--out <file>', 'a .safetensors file to write');
  jsonOption(engineOptions(faultOptions(command, 'the program'))).action(async (folder: string, flags: CaptureFlags) => {
    const { captureCommand } = await import('./capture.js');
    await captureCommand(folder, flags, context.io);
  });
}

export function declareAttend(program: Command, context: CommandContext): void {
  const command = program
    .command('attend')
    .argument('<checkpoint>', checkpoint)
    .description('draw which token attends to which, in every head')
    .option('--text <text>', 'what to run on')
    .option('--image <file>', 'the same for a model of images: a PNG or JPEG file, whose patches are the tokens')
    .option('--html <file>', 'a page to explore, in one file')
    .option('--svg <file>', 'a still picture')
    .option('--json-out <file>', 'the numbers')
    .option('--layer <n>', 'the layer drawn large, from 0', wholeNumber(0))
    .option('--head <n>', 'the head drawn large, from 0', wholeNumber(0));
  jsonOption(engineOptions(faultOptions(command, 'the program'))).action(async (folder: string, flags: AttendFlags) => {
    const { attendCommand } = await import('./attend.js');
    await attendCommand(folder, flags, context.io);
  });
}
