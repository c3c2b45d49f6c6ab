import { type Command, Option } from 'commander';
import type { CommandContext } from '../context.js';
import { engineOptions, faultOptions, jsonOption, realNumber, wholeNumber } from '../options.js';
import { presets } from '../train/presets.js';
import type { RunFlags, SettingFlags } from '../train/settings.js';

/** Flags that say how to run, not what is learned: a resumed run may have others. */
const runFlags: ReadonlySet<string> = new Set(['out', 'resume', 'threads', 'device', 'check', 'dumpOnnx', 'json']);

export function declareTrain(program: Command, context: CommandContext): void {
  const command = program
    .command('train')
    .argument('[data]', 'a text file, a .jsonl with `text`, a folder of them, or the built-in `stories` (default: stories)')
    .description('train a model on text')
    .option('--arch <name>', 'the architecture (default: gpt2)')
    .addOption(new Option('--preset <name>', 'where the other settings start from (default: nano)').choices(Object.keys(presets)))
    .option('--layers <n>', 'blocks', wholeNumber(1, 1000))
    .option('--heads <n>', 'attention heads per block; divides the width', wholeNumber(1, 1024))
    .option('--width <n>', 'width of the model', wholeNumber(1, 65536))
    .option('--context <n>', 'most tokens the model sees at once', wholeNumber(1, 1 << 20))
    .option('--batch <n>', 'windows per step', wholeNumber(1, 1 << 20))
    .option('--micro-batch <n>', 'windows per pass through the model; divides the batch', wholeNumber(1, 1 << 20))
    .option('--steps <n>', 'training steps', wholeNumber(1))
    .option('--lr <x>', 'peak learning rate', realNumber({ above: 0 }))
    .option('--min-lr <x>', 'learning rate at the end (default: a tenth of --lr)', realNumber({ from: 0 }))
    .option('--warmup <n>', 'steps until the peak (default: 100, at most a tenth of the steps)', wholeNumber(0))
    .option('--weight-decay <x>', 'decay of the matrices', realNumber({ from: 0 }))
    .option('--clip <x>', 'largest norm of the gradient; 0 never clips', realNumber({ from: 0 }))
    .option('--dropout <x>', 'share of values dropped while training', realNumber({ from: 0, below: 1 }))
    .option('--activation <name>', 'activation function of the MLP (default: gelu_new)')
    .option('--untied', 'the output head has its own weights')
    .option('--no-bias', 'linear layers and norms without biases')
    .option('--tokenizer <char|folder>', 'one token per character of the text, or the tokenizer.json of a folder (default: char)')
    .option('--seed <n>', 'seeds weights, batches and dropout (default: 0)', wholeNumber(0))
    .option('--eval-every <n>', 'evaluate and save every so many steps; 0: at the end only', wholeNumber(0))
    .option('--from <checkpoint>', 'start from the weights, shape and tokenizer of a folder')
    .option('--out <folder>', 'a new folder for the run (default: runs/NAME-TIME)')
    .option('--resume <folder>', 'go on with a run, with its own settings');
  jsonOption(engineOptions(faultOptions(command, 'the program of a training step'))).action(
    async (data: string | undefined, all: Record<string, unknown>) => {
      // Only what was said: a setting that was not comes from the preset, the checkpoint or the run.
      const said = Object.entries(all).filter(([name]) => !runFlags.has(name) && command.getOptionValueSource(name) === 'cli');
      const { trainCommand } = await import('../train/command.js');
      const settings = Object.fromEntries(said) as SettingFlags;
      context.finish(await trainCommand({ data, settings, run: all as RunFlags }, context.io));
    },
  );
}
