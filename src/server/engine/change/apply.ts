import type { HostArray } from '../../../core/index.js';
import { ChangePlan } from '../../../lens/change/plan.js';
import { type FoundSite, rewriteSites, type SiteEdit } from '../../../lens/change/rewrite.js';
import { type TapAttrs, tapOp } from '../../../ops/control/tap.js';
import { input, type Tensor } from '../../../ops/index.js';
import { applyOne } from '../../../ops/tensor.js';
import type { GraphInput } from '../../../runtime/index.js';
import type { Change } from '../../protocol/index.js';
import type { Traced } from '../run/subject.js';
import { lensInterventions } from './interventions.js';

/** What changes make of a graph. */
export interface ChangedGraph {
  /** Two of one key, over one graph, differ in numbers only. */
  readonly key: string;
  /** What they put in, by the names of inputs. */
  readonly feeds: Readonly<Record<string, HostArray>>;
  /** The graph, with edits of one's own after them where there are any. */
  trace(more?: (site: FoundSite) => readonly SiteEdit[]): Traced;
}

/**
 * A graph with its sites changed; the changed value carries the site's name.
 * @throws name, axis, shape: a change that does not fit the model, or the prompt
 */
export function changedGraph({ inputs, result }: Traced, changes: readonly Change[]): ChangedGraph {
  const { sites } = rewriteSites([result], () => []);
  const found = new Map([...sites].map(([name, { value, stacked }]) => [name, { name, shape: value.shape, stacked }]));
  const plan = ChangePlan.of(lensInterventions(changes), found);
  return {
    key: plan.key,
    feeds: plan.feeds,
    trace: (more = () => []) => {
      const declared: GraphInput[] = [...inputs];
      const bind = (name: string, { shape, dtype }: HostArray): Tensor => {
        declared.push({ name, spec: { shape, dtype } });
        return input(name, shape, dtype);
      };
      const edits = plan.edits(bind);
      const { outputs } = rewriteSites([result], (site) => {
        const own = edits.get(site.name);
        return [...(own === undefined ? [] : [noted(site.name), ...own]), ...more(site)];
      });
      return { inputs: declared, result: outputs[0] as Tensor };
    },
  };
}

/** The name of what a site would hold, were it not changed. */
export function beforeChange(site: string): string {
  return `${site}:before`;
}

/** Keeps the value under a name of its own, so that what was there can be told beside what was put there. */
function noted(site: string): SiteEdit {
  return { name: 'before', arrays: [], apply: (value) => applyOne<TapAttrs>(tapOp, [value], { site: beforeChange(site) }) };
}
