import { fail } from '../../../core/index.js';
import type { Prompt } from '../../protocol/index.js';

/** @throws unsupported: a prompt of another kind than a model takes */
export function refusePrompt(kind: Prompt['kind'], takes: string): never {
  throw fail('unsupported', { where: 'prompt', rule: `${takes}, which this model takes`, got: kind });
}
