// What Transformers.js has to train with: it is looked for among what it exports, and the answer is printed as a peer's first line.
import { readFileSync } from 'node:fs';

// By a variable: the checker of types shall not look for a package that need not be installed.
const packageName = '@huggingface/transformers';
const names = Object.keys(await import(packageName));
const { version } = JSON.parse(readFileSync(new URL(`node_modules/${packageName}/package.json`, import.meta.url), 'utf8'));
const found = names.filter((name) => /grad|backward|optimi[sz]er|trainer/i.test(name));
const error =
  found.length === 0
    ? `Transformers.js ${version} runs exported graphs and computes no gradients (none of its ${names.length} exports has to do with them)`
    : `it exports ${found.join(', ')}: no step has been written with these`;
console.log(JSON.stringify({ error }));
process.exit(0);
