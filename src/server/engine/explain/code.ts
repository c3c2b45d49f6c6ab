import type { Address, Explanation, ModelKind } from '../../protocol/index.js';
import { CodeWriter } from './code-writer.js';
import { explain } from './explain.js';
import type { Scene } from './scene.js';

/** Where the code's model and prompt come from. */
export interface CodeSource {
  /** The checkpoint's path, as the code opens it. */
  readonly path: string;
  readonly kind: ModelKind;
  /** What a person calls the prompt. */
  readonly prompt: string;
  /** The changes as the lens's JSON; none by default. */
  readonly changes?: string | undefined;
}

/** TypeScript that computes a number of a run with Headlight: it captures named values and works the equation out again. */
export async function codeOf(scene: Scene, address: Address, source: CodeSource): Promise<string> {
  const explanation = await explain(scene, address);
  const writer = new CodeWriter(scene);
  const value = await writer.number(explanation);
  const lines = [
    ...importsOf(source, writer.sites.length > 0),
    '',
    ...modelLines(scene, source, writer),
    ...writer.helpers(),
    ...writer.statements,
    `const value = ${value};`,
    `console.log(value); // ${explanation.address.at}[${explanation.address.index.join(', ')}], ${comment(explanation)}`,
  ];
  return `${lines.join('\n')}\n`;
}

const loaders = { decoder: 'loadModel', encoder: 'loadEncoder', image: 'loadImageModel', translation: 'loadTranslationModel' } as const;

function importsOf({ kind, changes }: CodeSource, captures: boolean): string[] {
  const lines = [`import { ${loaders[kind]} } from 'headlightjs/checkpoints';`];
  if (captures && kind === 'image') lines.push("import { preprocessBatch, readImage, readPreprocessing } from 'headlightjs/datasets';");
  if (captures) lines.push(`import { ${changes === undefined ? '' : 'interventionsFromJson, '}${makerOf(kind)} } from 'headlightjs/lens';`);
  return lines;
}

function makerOf(kind: CodeSource['kind']): string {
  return kind === 'image' ? 'imageLens' : kind === 'translation' ? 'translationLens' : 'lens';
}

function modelLines({ run }: Scene, { path, kind, prompt, changes }: CodeSource, { sites }: CodeWriter): string[] {
  const folder = JSON.stringify(path);
  const model = `const model = await ${loaders[kind]}(${folder});`;
  if (sites.length === 0) return [model];
  const globs = JSON.stringify(sites.join(', '));
  const view = [
    `const view = ${makerOf(kind)}(model);`,
    ...(changes === undefined ? [] : [`const changed = view.with(interventionsFromJson(view, ${changes}, 'changes'));`]),
  ];
  const capture = `await ${changes === undefined ? 'view' : 'changed'}.capture`;
  if (kind === 'image') {
    const channels = 'model.config.channels === 1 ? 1 : 3';
    return [
      model,
      "const image = await readImage('image.png'); // the image that the studio was shown",
      `const pixels = preprocessBatch(image, await readPreprocessing(${folder}), ${channels});`,
      ...view,
      `const seen = ${capture}(pixels, ${globs});`,
    ];
  }
  if (kind === 'translation') {
    const source = run.prepared.source?.map(({ id }) => id).join(', ') ?? '';
    return [
      model,
      `const source = [${source}]; // ${JSON.stringify(prompt.slice(0, 100))}`,
      `const target = [${run.prepared.ids?.join(', ') ?? ''}];`,
      ...view,
      `const seen = ${capture}({ source, target }, ${globs});`,
    ];
  }
  return [
    model,
    `const ids = [${run.prepared.ids?.join(', ') ?? ''}]; // ${JSON.stringify(prompt.slice(0, 100))}`,
    ...view,
    `const seen = ${capture}(ids, ${globs});`,
  ];
}

function comment({ value }: Explanation): string {
  return `which the studio shows as ${value}`;
}
