import { fail, globMatcher, nearest } from '../core/index.js';

/** Settings of the parameters whose names a glob matches; where several groups match, rates multiply and the last says the rest. */
export interface ParameterGroup {
  /** Globs over parameter names, parted by commas: `blocks.0.*,tokens.weight`. */
  readonly match: string;
  /** Multiplies the learning rate. */
  readonly rate?: number;
  /** Whether the optimiser's weight decay applies; by default to matrices only, not to biases and norms' scales. */
  readonly decays?: boolean;
  /** Keeps the values as they are: no gradient is computed, nothing is remembered. */
  readonly frozen?: boolean;
}

/** What the groups say of one parameter. */
export interface ParameterSettings {
  readonly rate: number;
  readonly decays: boolean;
  readonly frozen: boolean;
}

/** A parameter and how it learns. */
export interface GroupedParameter extends ParameterSettings {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * Applies groups to parameters.
 * @throws name: a glob that matches no parameter; value: a rate below 0, or nothing left to train
 */
export function applyGroups(
  parameters: readonly { readonly name: string; readonly shape: readonly number[] }[],
  groups: readonly ParameterGroup[] = [],
): GroupedParameter[] {
  const names = parameters.map((p) => p.name);
  const matchers = groups.map((group) => {
    for (const glob of group.match.split(',').map((g) => g.trim())) {
      if (glob !== '' && names.some(globMatcher(glob))) continue;
      throw fail('name', {
        where: 'parameter groups',
        rule: 'globs that each match a parameter',
        got: JSON.stringify(glob),
        fix: `Nearest: ${nearest(glob, names, 3).join(', ')}`,
      });
    }
    if (group.rate !== undefined && !(group.rate >= 0 && Number.isFinite(group.rate))) {
      throw fail('value', { where: `parameter group ${group.match}`, rule: 'a rate of at least 0', got: String(group.rate) });
    }
    return globMatcher(group.match);
  });
  const grouped = parameters.map(({ name, shape }) => {
    const settings = { name, shape, rate: 1, decays: shape.length >= 2, frozen: false };
    groups.forEach((group, i) => {
      if (!matchers[i]?.(name)) return;
      settings.rate *= group.rate ?? 1;
      settings.decays = group.decays ?? settings.decays;
      settings.frozen = group.frozen ?? settings.frozen;
    });
    return settings;
  });
  if (grouped.every((p) => p.frozen)) {
    throw fail('value', { where: 'parameter groups', rule: 'at least one parameter that is not frozen', got: 'none', fix: 'Freeze less' });
  }
  return grouped;
}
