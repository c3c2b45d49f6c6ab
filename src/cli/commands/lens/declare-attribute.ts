import { type Command, Option } from 'commander';
import type { CommandContext } from '../../context.js';
import { wholeNumber } from '../../options.js';
import type { AttributeFlags } from './attribute.js';
import { integer, lensOptions, promptOptions } from './flags.js';

/** What `--method` may be; the methods themselves are loaded when one runs. */
const methodNames = ['direct', 'integrated-gradients', 'input-gradient', 'logit-lens', 'rollout', 'flow', 'norms'] as const;

export function declareAttribute(lens: Command, context: CommandContext): void {
  const command = lens
    .command('attribute')
    .argument('<checkpoint>', 'a folder, file or hub id')
    .description('say what a logit is made of: parts of the model, inputs, layers')
    .addOption(new Option('--method <name>', 'how').choices(methodNames).default('direct'))
    .addOption(new Option('--by <unit>', 'direct: how finely; component by default').choices(['component', 'head', 'neuron']))
    .option('--token <tokens...>', 'which logits, as text or "#id"; of a model of images, labels; the highest by default')
    .option('--against <token>', 'a token whose logit is taken away')
    .option('--position <n>', 'where in the text; the last by default, -1', integer)
    .option('--steps <n>', 'integrated-gradients: points on the line; 64 by default', wholeNumber(1, 100_000))
    .option('--top <n>', 'only so many rows', wholeNumber(1));
  lensOptions(promptOptions(command)).action(async (folder: string, flags: AttributeFlags) => {
    const { attributeCommand } = await import('./attribute.js');
    await attributeCommand(folder, flags, context.io);
  });
}
