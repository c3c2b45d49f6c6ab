import { fail } from '../../../core/index.js';
import type { LensPrompt, Looked } from '../../../lens/index.js';
import type { CommandIo } from '../../io.js';
import { textTable } from '../../text-table.js';
import { attributionMethods } from './attribution-methods.js';
import type { LensFlags } from './flags.js';
import { tokenOf } from './metric.js';
import { openLens } from './open.js';

export interface AttributeFlags extends LensFlags {
  readonly method: string;
  readonly by?: 'component' | 'head' | 'neuron';
  readonly position?: number;
  readonly token?: readonly string[];
  readonly against?: string;
  readonly steps?: number;
  readonly top?: number;
}

/** Says what a model's words are made of. JSON: `method`, and what the method found as labelled arrays. */
export async function attributeCommand(folder: string, flags: AttributeFlags, io: CommandIo): Promise<void> {
  const { by, position, token, against, steps, device, threads } = flags;
  const method = attributionMethods[flags.method];
  if (method === undefined)
    throw fail('name', { where: '--method', rule: `one of ${Object.keys(attributionMethods).join(', ')}`, got: flags.method });
  const said = { by, position, tokens: token, against, steps };
  const idle = method.ignores.find((name) => said[name] !== undefined);
  if (idle !== undefined) {
    const flag = idle === 'tokens' ? '--token' : `--${idle}`;
    throw fail('value', {
      where: 'attribute',
      rule: `options that --method ${flags.method} has a use for`,
      got: flag,
      fix: 'Leave it out',
    });
  }
  const { changed, prompt, tokenizer } = await openLens('attribute', folder, flags);
  const options = {
    ...{ position, tokens: token?.map((text) => tokenOf('token', text)) },
    against: against === undefined ? undefined : tokenOf('against', against),
    ...(by && { by }),
    ...(steps !== undefined && { steps }),
    ...(device && { device }),
    ...(threads !== undefined && { threads }),
  };
  const places = changed.subject.labels(changed.subject.feeds(prompt), 'embed', 'position');
  const textOf = (id: number): string => (tokenizer === undefined ? String(id) : JSON.stringify(tokenizer.tokens([id])[0]));
  const found = await method.run({ looked: changed as Looked, prompt: prompt as LensPrompt, options, places, textOf });
  if (flags.json) return io.out(`${JSON.stringify({ method: flags.method, ...found.json })}\n`);
  io.out(textTable([found.head, ...found.rows.slice(0, flags.top), ...(found.foot ?? [])]));
}
