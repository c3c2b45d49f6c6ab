import { fail } from '../../../core/index.js';
import type { CommandIo } from '../../io.js';
import { openLookedAt, type PromptFlags } from '../../looked-at.js';
import type { EngineFlags } from '../../options.js';
import { textTable } from '../../text-table.js';
import { attributionMethods } from './attribution-methods.js';

export interface AttributeFlags extends EngineFlags, PromptFlags {
  readonly method: string;
  readonly by?: 'component' | 'head' | 'neuron';
  readonly position?: number;
  readonly token?: readonly string[];
  readonly against?: string;
  readonly steps?: number;
  readonly top?: number;
  readonly json?: boolean;
}

/** Says what a model's words are made of. JSON: `method`, and what the method found as labelled arrays. */
export async function attributeCommand(folder: string, flags: AttributeFlags, io: CommandIo): Promise<void> {
  const { device, threads, by, position, token, against, steps } = flags;
  const method = attributionMethods[flags.method];
  if (method === undefined)
    throw fail('name', { where: '--method', rule: `one of ${Object.keys(attributionMethods).join(', ')}`, got: flags.method });
  const said = { by, position, tokens: token, against, steps };
  const idle = method.ignores.find((name) => said[name] !== undefined);
  if (idle !== undefined) {
    const flag = idle === 'tokens' ? '--token' : `--${idle}`;
    throw fail('value', { where: flag, rule: `an option that --method ${flags.method} has a use for`, got: flag, fix: 'Leave it out' });
  }
  const { prompt, ...looked } = await openLookedAt(folder, flags);
  if (prompt === undefined) {
    throw fail('value', {
      where: 'attribute',
      rule: 'one of --text, --ids and --image',
      got: 'none',
      fix: 'Say --text "some words", for example',
    });
  }
  const options = {
    ...(device && { device }),
    ...(threads !== undefined && { threads }),
    ...(by && { by }),
    ...(steps !== undefined && { steps }),
    position,
    tokens: token?.map(tokenOf),
    against: against === undefined ? undefined : tokenOf(against),
    tokenizer: looked.tokenizer,
  };
  const found = await method.run({ ...looked, prompt, options });
  if (flags.json) return io.out(`${JSON.stringify({ method: flags.method, ...found.json })}\n`);
  const [head = [], ...rows] = found.rows;
  io.out(textTable([head, ...rows.slice(0, flags.top)], found.left));
}

/** An id, where it is a whole number; else a token's text. */
function tokenOf(text: string): number | string {
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}
