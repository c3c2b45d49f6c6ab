import { type Command, Option } from 'commander';
import type { CommandContext } from '../context.js';
import { engineOptions, faultOptions, jsonOption } from '../options.js';
import { settingTable } from '../train/setting-table.js';
import type { RunFlags, SettingFlags } from '../train/settings.js';

export function declareTrain(program: Command, context: CommandContext): void {
  const command = program
    .command('train')
    .argument('[data...]', 'text files, .jsonl or .csv with a `text` field, folders of them, or the built-in `stories` (default: stories)')
    .description('train a model on text, or on a synthetic task');
  for (const { flag, doc, kind, group, parse } of Object.values(settingTable)) {
    const option = new Option(flag, doc).helpGroup(group);
    command.addOption(kind === 'switch' ? option : option.argParser(parse));
  }
  command
    .optionsGroup('Data:')
    .option('--cache <folder>', 'where tokenised large data are kept (default: HEADLIGHT_CACHE, else ~/.cache/headlight)')
    .optionsGroup('The run:')
    .option('--out <folder>', 'a new folder for the run (default: runs/NAME-TIME)')
    .option('--resume <folder>', 'go on with a run or a sweep, with its own settings; or from RUN/checkpoints/step-N, in a new folder')
    .option('--config <file>', 'a JSON file that stands for flags: { "data": "plays.txt", "layers": 6, "evalEvery": 100 }')
    .option('--sweep <name=values>', 'try every combination: --sweep lr=1e-3,3e-3 --sweep width=64,128', collect);
  jsonOption(engineOptions(faultOptions(command, 'the program of a training step'))).action(
    async (data: string[], all: Record<string, unknown>) => {
      // Only what was said: a setting that was not comes from the config file, the preset, the checkpoint or the run.
      const said = Object.entries(all).filter(([name]) => command.getOptionValueSource(name) === 'cli');
      const { trainCommand } = await import('../train/command.js');
      const settings = Object.fromEntries(said.filter(([name]) => Object.hasOwn(settingTable, name))) as SettingFlags;
      const run = Object.fromEntries(said.filter(([name]) => !Object.hasOwn(settingTable, name))) as RunFlags;
      const { config, sweep = [] } = all as { config?: string; sweep?: string[] };
      context.finish(await trainCommand({ data, settings, run, ...(config !== undefined && { config }), sweep }, context.io));
    },
  );
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
