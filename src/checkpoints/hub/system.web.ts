import { fail, type HeadlightError } from '../../core/index.js';
import type { HubSystem } from './system.js';

function noDisk(): HeadlightError {
  return fail('unsupported', {
    where: 'the hub',
    rule: 'a disk for the cache',
    got: 'a browser',
    fix: "Load from the files' address instead: https://huggingface.co/OWNER/NAME/resolve/main",
  });
}

export const system: HubSystem = {
  env: () => undefined,
  userCache: () => undefined,
  home: () => '',
  move: () => Promise.reject(noDisk()),
  link: () => Promise.reject(noDisk()),
  hash() {
    throw noDisk();
  },
};
