import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { importsOf } from '../../tools/imports.mjs';
import { lintLayers } from '../../tools/lint-layers.mjs';

const page = `# A page
## The layers
Words. \`left\` never import \`runtime\`; \`one → … → three\` never import \`left\`.
\`\`\`
core
left | right
runtime
one → two → three
\`\`\`
## Other
\`core\` never import \`core\`.
`;
const manifest = JSON.stringify({
  imports: { '#files': { types: './dist/core/files.d.ts', node: './dist/core/files.node.js', default: './dist/core/files.web.js' } },
});

let root = '';
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Lints a tree of `path: source` under src/. */
function lint(tree: Record<string, string>): string[] {
  root = mkdtempSync(join(tmpdir(), 'layers-'));
  const files = { 'docs/architecture.md': page, 'package.json': manifest };
  for (const [path, text] of [...Object.entries(files), ...Object.entries(tree).map(([p, t]) => [`src/${p}`, t] as const)]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const { files: count, problems } = lintLayers(root);
  expect(count).toBe(Object.keys(tree).length);
  return problems;
}

describe('layers', () => {
  test('downward, rightward and within a folder are allowed; the front imports all', () => {
    expect(
      lint({
        'core/a.ts': 'export const a = 1;',
        'core/b.ts': "import { a } from './a.js'; export const b = a;",
        'left/x.ts': "import { a } from '../core/a.js'; export const x = a;",
        'two/y.ts': "import { b } from '../core/b.js'; export const y = b;",
        'three/z.ts': "export { y } from '../two/y.js';",
        'index.ts': "export * from './three/z.js'; export * from './left/x.js';",
      }),
    ).toEqual([]);
  });

  test.each([
    ['upward', { 'core/a.ts': "import { x } from '../left/x.js';", 'left/x.ts': '' }, /src\/core\/a\.ts:1: upward: left stands above core/],
    ['upward, types only', { 'core/a.ts': "\nimport type { X } from '../left/x.js';", 'left/x.ts': '' }, /a\.ts:2: upward/],
    ['upward, dynamic', { 'core/a.ts': "await import('../left/x.js');", 'left/x.ts': '' }, /upward/],
    ['upward, re-export', { 'core/a.ts': "export { x } from '../left/x.js';", 'left/x.ts': '' }, /upward/],
    ['sideways', { 'left/a.ts': "import '../right/b.js';", 'right/b.ts': '' }, /sideways: left and right stand side by side/],
    ['leftward in a chain', { 'one/a.ts': "import '../two/b.js';", 'two/b.ts': '' }, /upward: two stands right of one/],
    ['a ban in words', { 'two/a.ts': "import '../left/b.js';", 'left/b.ts': '' }, /two never imports left/],
    ['the front', { 'core/a.ts': "import '../index.js';", 'index.ts': '' }, /files directly in src\/ stand above every layer/],
    ['an unknown folder', { 'misc/a.ts': '' }, /the folder misc is not in the table/],
    ['a missing file', { 'core/a.ts': "import './gone.js';" }, /\.\/gone\.js is not a file of src/],
    ['a file outside', { 'core/a.ts': "import '../../tools/x.js';" }, /leaves src/],
    ['node: elsewhere', { 'core/a.ts': "import { x } from 'node:fs';" }, /only files ending \.node\.ts import Node's modules; got node:fs/],
    ['a bare builtin', { 'core/a.ts': "import x from 'fs/promises';" }, /Node's modules; got fs\/promises/],
    ['the engine elsewhere', { 'runtime/a.ts': "import 'onnxruntime-web';" }, /only src\/runtime\/engine\/ imports ONNX Runtime/],
    ['itself by name', { 'core/a.ts': "import 'headlightjs/core';" }, /relative paths/],
    ['an unknown #name', { 'core/a.ts': "import '#gone';" }, /#gone is not one of package\.json's imports/],
    ['401 lines', { 'core/a.ts': '//\n'.repeat(401) }, /at most 400 lines; got 401/],
  ] as const)('%s fails, once', (_, tree, problem) => {
    const problems = lint(tree);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });

  test('node: in .node.ts, ONNX Runtime in the engine, 400 lines: allowed', () => {
    expect(
      lint({ 'core/a.node.ts': "import 'node:fs';", 'runtime/engine/e.ts': "import 'onnxruntime-web';", 'core/b.ts': '//\n'.repeat(400) }),
    ).toEqual([]);
  });
});

describe('cycles', () => {
  test('a cycle of values fails, with its path', () => {
    const problems = lint({ 'core/a.ts': "import './b.js';", 'core/b.ts': "import './c.js';", 'core/c.ts': "export * from './a.js';" });
    expect(problems).toEqual(['import cycle: src/core/a.ts → src/core/b.ts → src/core/c.ts → src/core/a.ts']);
  });

  test('types and dynamic imports close none', () => {
    expect(lint({ 'core/a.ts': "import './b.js';", 'core/b.ts': "import type { A } from './a.js'; await import('./a.js');" })).toEqual([]);
  });

  test('a conditional import is followed to every file it may mean', () => {
    const files = { 'core/files.ts': '', 'core/files.web.ts': '' };
    const problems = lint({ ...files, 'core/files.node.ts': "import './a.js';", 'core/a.ts': "import { files } from '#files';" });
    expect(problems).toEqual(['import cycle: src/core/a.ts → src/core/files.node.ts → src/core/a.ts']);
    expect(lint({ ...files, 'core/files.node.ts': '', 'right/a.ts': "import { files } from '#files';" })).toEqual([]);
  });
});

describe('imports', () => {
  const of = (source: string) => importsOf(source).map(({ from, kind }) => `${kind} ${from}`);

  test('every form is seen', () => {
    expect(of("import a, { type B, c as d } from 'x';")).toEqual(['value x']);
    expect(of("import * as a from \"x\"\nexport * as b from 'y'\nexport { c } from 'z'")).toEqual(['value x', 'value y', 'value z']);
    expect(of("import 'x'; import type { A } from 'y'; export type { B } from 'z'; import type from 'w';")).toEqual([
      'value x',
      'type y',
      'type z',
      'value w',
    ]);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source under test holds a template
    expect(of("const a = `${await import('x')} ${`${import('y')}`}`; type T = import('z').T;")).toEqual([
      'dynamic x',
      'dynamic y',
      'dynamic z',
    ]);
  });

  test('what only looks like one is not', () => {
    expect(of("// import 'a'\n/* import 'b' */ const c = \"import 'c'\"; const d = `import 'd'`; const e = /import 'e'/;")).toEqual([]);
    expect(of("import.meta.url; export const from = 'x'; export default 'y'; export { a }; const b = { import: 'z' };")).toEqual([]);
    expect(of("const quote = /['\"`]/; const half = a / 2; import 'x';")).toEqual(['value x']);
    expect(of("export function f() { return 'y'; }\nexport class A { b = 'z' }\nimport 'x';")).toEqual(['value x']);
  });
});
