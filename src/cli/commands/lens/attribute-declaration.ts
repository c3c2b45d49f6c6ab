import { type Command, Option } from 'commander';
import type { CommandContext } from '../../context.js';
import { engineOptions, jsonOption, wholeNumber } from '../../options.js';
import type { AttributeFlags } from './attribute.js';

/** What `--method` may be; the methods themselves are loaded when one runs. */
export const methodNames = ['direct', 'integrated-gradients', 'input-gradient', 'logit-lens', 'rollout', 'flow', 'norms'] as const;

export function declareAttribute(lens: Command, context: CommandContext): void {
  const command = lens
    .command('attribute')
    .argument('<checkpoint>', 'a folder with config.json and model.safetensors')
    .description('say what a logit is made of: parts of the model, inputs, layers')
    .option('--text <text>', 'what to run on')
    .option('--ids <ids>', 'the same as token ids: "1,2,3"')
    .option('--image <file>', 'the same for a model of images: a PNG or JPEG file')
    .addOption(new Option('--method <name>', 'how').choices(methodNames).default('direct'))
    .addOption(new Option('--by <unit>', 'of direct: how finely; component').choices(['component', 'head', 'neuron']))
    .option('--position <n>', 'whose prediction: a place from 0, or negative from the end; −1', wholeNumber(-(2 ** 31)))
    .option('--token <tokens...>', 'which logits: ids, or text of one token; the highest')
    .option('--against <token>', 'a token whose logit is taken away')
    .option('--steps <n>', 'of integrated-gradients: points on the line; 64', wholeNumber(1, 100_000))
    .option('--top <n>', 'only so many rows', wholeNumber(1));
  jsonOption(engineOptions(command)).action(async (folder: string, flags: AttributeFlags) => {
    const { attributeCommand } = await import('./attribute.js');
    await attributeCommand(folder, flags, context.io);
  });
}
