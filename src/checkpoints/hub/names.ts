import { fail } from '../../core/index.js';
import { quote } from '../quote.js';

const part = /^(?!\.)(?!.*(?:\.\.|--))[\w.-]{1,96}$/;

/** Whether a text can be a model's id on the hub: `owner/name`, or one of the first models' bare names. */
export function isHubId(text: string): boolean {
  const parts = text.split('/');
  return parts.length <= 2 && parts.every((p) => part.test(p));
}

/** @throws `value` for what cannot be an id, or a branch, tag or commit */
export function checkHubName(id: string, revision: string): void {
  if (!isHubId(id)) throw fail('value', { where: 'fetchCheckpoint', rule: 'an id of the form owner/name', got: quote(id) });
  if (!/^(?!\/)(?!.*(?:\.\.|\/\/))[\w./-]{1,200}$/.test(revision)) {
    throw fail('value', { where: 'fetchCheckpoint', rule: 'a branch, tag or commit as revision', got: quote(revision) });
  }
}

/** The model's folder in the cache. */
export function repositoryFolder(id: string): string {
  return `models--${id.replace('/', '--')}`;
}

export function isCommit(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9a-f]{40}$/.test(text);
}

/** Names come from a server: none may lead out of the folder. */
export function isSafeFile(name: unknown): name is string {
  if (typeof name !== 'string' || name.length > 255 || !/^[\w. +=@()/-]+$/.test(name)) return false;
  return name.split('/').every((p) => p !== '' && p !== '.' && p !== '..');
}
