export { type Alignment, align } from './align.js';
export { type ComparedSite, type CompareOptions, type Comparison, compare, type Side } from './compare.js';
