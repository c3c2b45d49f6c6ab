#!/usr/bin/env node
// node tools/lint-layers.mjs [ROOT]: checks the imports of every file under ROOT/src against the table of layers.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importsOf } from './imports.mjs';
import { readLayers } from './layers.mjs';

const maximumLines = 400;

/**
 * @param {string} root the folder that holds src/, docs/architecture.md and package.json
 * @returns {{ files: number, problems: string[] }}
 */
export function lintLayers(root) {
  const layers = readLayers(readFileSync(join(root, 'docs/architecture.md'), 'utf8'));
  const conditional = conditionalImports(root);
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /\.[cm]?tsx?$/.test(file))
    .sort();
  const known = new Set(files);
  /** @type {string[]} */
  const problems = [];
  /** Value imports, for cycles. @type {Map<string, string[]>} */
  const edges = new Map();

  for (const file of files) {
    const source = readFileSync(join(root, 'src', file), 'utf8');
    const lines = source.trimEnd().split('\n').length;
    if (lines > maximumLines) problems.push(`src/${file}: at most ${maximumLines} lines; got ${lines}. Split it by concept.`);
    if (file.includes('/') && !layers.folders.includes(folderOf(file))) {
      problems.push(`src/${file}: the folder ${folderOf(file)} is not in the table of layers. Add it to docs/architecture.md.`);
      continue;
    }
    for (const { from, kind, line } of importsOf(source)) {
      const where = `src/${file}:${line}`;
      const misplaced = outsideObjection(file, from);
      if (misplaced) problems.push(`${where}: ${misplaced}`);
      const targets = from.startsWith('.') ? [posix.join(posix.dirname(file), from)] : (conditional.get(from) ?? []);
      if (from.startsWith('#') && targets.length === 0) problems.push(`${where}: ${from} is not one of package.json's imports`);
      for (const target of targets.map((path) => path.replace(/\.(?:d\.ts|([cm]?)js)$/, '.$1ts'))) {
        if (target.startsWith('../')) problems.push(`${where}: ${from} leaves src/`);
        else if (!known.has(target) && from.startsWith('.')) problems.push(`${where}: ${from} is not a file of src/`);
        else {
          const objection = layerObjection(layers, file, target);
          if (objection) problems.push(`${where}: ${objection}; got ${from}`);
          // A dynamic import runs after both files are loaded, so it closes no cycle.
          if (kind === 'value' && target !== file) edges.set(file, [...(edges.get(file) ?? []), target]);
        }
      }
    }
  }
  for (const cycle of cycles(files, edges)) problems.push(`import cycle: ${cycle.map((file) => `src/${file}`).join(' → ')}`);
  return { files: files.length, problems: [...new Set(problems)] };
}

/** @param {string} file */
function folderOf(file) {
  return file.split('/')[0] ?? '';
}

/**
 * A file directly in src/ is the package's front: it may import every layer, none may import it.
 * @param {import('./layers.mjs').Layers} layers
 * @param {string} file
 * @param {string} target
 */
function layerObjection(layers, file, target) {
  if (!file.includes('/')) return undefined;
  if (!target.includes('/')) return 'upward: files directly in src/ stand above every layer';
  return layers.objection(folderOf(file), folderOf(target));
}

/**
 * What may be imported from outside src/, and where.
 * @param {string} file
 * @param {string} from
 */
function outsideObjection(file, from) {
  const isBuiltin = from.startsWith('node:') || builtinModules.includes(from.split('/')[0] ?? '');
  if (isBuiltin && !file.endsWith('.node.ts')) return `only files ending .node.ts import Node's modules; got ${from}`;
  if (from.startsWith('onnxruntime-') && !file.startsWith('runtime/engine/')) {
    return `only src/runtime/engine/ imports ONNX Runtime; got ${from}`;
  }
  if (/^headlightjs(?:\/|$)/.test(from) || from.startsWith('#dist/')) return `src/ imports its own files by relative paths; got ${from}`;
  return undefined;
}

/**
 * package.json's "imports" without patterns: `#files` → every file under src/ that a condition may choose.
 * @param {string} root
 * @returns {Map<string, string[]>}
 */
function conditionalImports(root) {
  const path = join(root, 'package.json');
  if (!existsSync(path)) return new Map();
  const { imports = {} } = JSON.parse(readFileSync(path, 'utf8'));
  return new Map(
    Object.entries(imports)
      .filter(([name]) => !name.includes('*'))
      .map(([name, target]) => {
        const paths = typeof target === 'string' ? [target] : Object.values(/** @type {Record<string, string>} */ (target));
        return [name, paths.map((path) => path.replace(/^\.\/dist\//, ''))];
      }),
  );
}

/**
 * Each cycle once, as the path that a depth-first walk meets first.
 * @param {readonly string[]} files
 * @param {ReadonlyMap<string, readonly string[]>} edges
 */
function cycles(files, edges) {
  /** @type {string[][]} */
  const found = [];
  /** @type {Set<string>} */
  const done = new Set();
  /** @type {string[]} */
  const path = [];
  /** @param {string} file */
  const visit = (file) => {
    if (path.includes(file)) {
      found.push([...path.slice(path.indexOf(file)), file]);
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const target of edges.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of files) visit(file);
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..');
  const { files, problems } = lintLayers(root);
  for (const problem of problems) console.error(problem);
  console.log(`layers: ${files} files checked, ${problems.length} problems`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
