import { fail } from '../../../core/index.js';
import type { Metric } from '../../../lens/index.js';
import type { MetricFlags } from './flags.js';

/** The metric that flags say: by its name, else by the tokens given, else the loss. @throws value: flags that do not go together */
export function metricOf(flags: MetricFlags): Metric {
  const { token, against, position, from, of } = flags;
  const name = flags.metric ?? (against !== undefined ? 'logit-difference' : token !== undefined ? 'log-probability' : 'loss');
  const allowed: Readonly<Record<string, readonly string[]>> = {
    loss: ['from'],
    'logit-difference': ['token', 'against', 'position'],
    'log-probability': ['token', 'position'],
    probability: ['token', 'position'],
    kl: ['position'],
    norm: ['of'],
  };
  const given = Object.entries({ token, against, position, from, of }).flatMap(([flag, value]) => (value === undefined ? [] : [flag]));
  const idle = given.find((flag) => !allowed[name]?.includes(flag));
  if (idle !== undefined) throw refuse(`flags of the metric ${name}: ${allowed[name]?.map((flag) => `--${flag}`).join(', ')}`, `--${idle}`);
  const at = position === undefined ? {} : { position };
  switch (name) {
    case 'logit-difference':
      return { kind: 'logitDifference', token: tokenOf('token', token), against: tokenOf('against', against), ...at };
    case 'log-probability':
      return { kind: 'logProbability', token: tokenOf('token', token), ...at };
    case 'probability':
      return { kind: 'probability', token: tokenOf('token', token), ...at };
    case 'kl':
      return { kind: 'kl', ...at };
    case 'norm':
      if (of === undefined) throw refuse('--of <site>, for a norm', 'none');
      return { kind: 'norm', at: of };
    default:
      return { kind: 'loss', ...(from !== undefined && { from }) };
  }
}

/** `#5` is an id, everything else a token's text. */
export function tokenOf(flag: string, text: string | undefined): number | string {
  if (text === undefined) throw refuse(`--${flag} <token>`, 'none');
  return /^#\d{1,9}$/.test(text) ? Number(text.slice(1)) : text;
}

function refuse(rule: string, got: string): Error {
  return fail('value', { where: '--metric', rule, got });
}
