import type { Words } from '../../i18n/en.js';

/** A score as people call it: `previousToken` is “previous token”. */
export function scoreName(name: string, words: Words): string {
  const known = words.scoreNames as Readonly<Record<string, string>>;
  return known[name] ?? name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}
