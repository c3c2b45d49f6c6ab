import type { HostArray } from '../../../core/index.js';
import { ChangePlan } from '../../../lens/change/plan.js';
import { type FoundSite, rewriteSites, type SiteEdit } from '../../../lens/change/rewrite.js';
import { input, type Tensor } from '../../../ops/index.js';
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
      const { outputs } = rewriteSites([result], (site) => [...(edits.get(site.name) ?? []), ...more(site)]);
      return { inputs: declared, result: outputs[0] as Tensor };
    },
  };
}
