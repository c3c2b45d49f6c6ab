import type { HostArray } from '../../core/index.js';
import type { Tensor } from '../../ops/index.js';
import type { FoundSite } from '../change/rewrite.js';
import type { Feeds, Subject } from '../subject/subject.js';
import type { Metric } from './metric.js';

/** What is known of a run before it is traced. */
export interface MetricInputs {
  readonly rows: number;
  readonly feeds: Feeds;
  readonly sites: ReadonlyMap<string, FoundSite>;
  readonly subject: Pick<Subject<never>, 'tokenId' | 'targets'>;
}

/** What a metric is made of while it is traced. */
export interface MetricRun {
  /** The values of the sites. */
  site(name: string): Tensor;
  /** What it is fed, by name. */
  readonly arrays: Readonly<Record<string, Tensor>>;
}

/** One kind of metric, everything about it. A new kind is a file and a line in `kinds.ts`. */
export interface MetricKind<M extends Metric> {
  /** One sentence for lists. */
  readonly doc: string;
  /** What a program is fed for it: the first axis is the rows, or 1. @throws value, name, axis: what the run has not */
  arrays(metric: M, inputs: MetricInputs): Readonly<Record<string, HostArray>>;
  /** @returns [B] */
  trace(metric: M, run: MetricRun): Tensor;
}
