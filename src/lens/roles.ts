/** What an axis of a site counts. */
export type AxisName = 'row' | 'head' | 'position' | 'key' | 'neuron' | 'channel' | 'token' | 'step';

const stream = ['row', 'position', 'channel'] as const;
const neurons = ['row', 'position', 'neuron'] as const;
const heads = ['row', 'head', 'position', 'channel'] as const;
const pairs = ['row', 'head', 'position', 'key'] as const;

/**
 * The axes of every role that sites have (a site is a module's path and a role): `heads` of keys and values are those that
 * queries may share, and the positions of keys and values are their own.
 */
const axesOfRole: Readonly<Record<string, readonly AxisName[]>> = {
  embed: stream,
  final_norm: stream,
  'residual.pre': stream,
  'residual.mid': stream,
  'residual.cross': stream,
  'residual.post': stream,
  'attention.query': heads,
  'attention.key': heads,
  'attention.value': heads,
  'attention.scores': pairs,
  'attention.pattern': pairs,
  'attention.mixed': ['row', 'position', 'head', 'channel'],
  'attention.output': stream,
  'mlp.pre': neurons,
  'mlp.post': neurons,
  'mlp.output': stream,
  hidden: neurons,
  logits: ['row', 'position', 'token'],
};

/**
 * What the axes of a site count, for words such as `heads`; a value of a loop's steps has `step` before them.
 * @param site its name @param rank of its value
 * @returns undefined for a role that is not in the table, or a value of another rank
 */
export function axesOf(site: string, rank: number): readonly AxisName[] | undefined {
  const name = site.replace(/#\d+$/, '');
  if (name === 'logits' && rank === 2) return ['row', 'token'];
  const role = Object.keys(axesOfRole).find((r) => name === r || name.endsWith(`.${r}`) || name.endsWith(`_${r}`));
  const axes = role === undefined ? undefined : axesOfRole[role];
  if (axes?.length === rank) return axes;
  return axes?.length === rank - 1 ? ['step', ...axes] : undefined;
}

/** The number of the block that a site belongs to, where its name has one. */
export function layerOfSite(site: string): number | undefined {
  const found = /(?:^|\.)(?:blocks|layers)\.(\d+)\./.exec(site);
  return found === null ? undefined : Number(found[1]);
}
