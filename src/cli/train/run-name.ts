import { files } from '#files';

/** A folder for a run that was given none: `runs/NAME-YYYYMMDD-HHMMSS`, NAME after what it learns from. */
export async function freeFolder(source: string): Promise<string> {
  const name =
    source
      .split(/[/\\]/)
      .filter((part) => part !== '')
      .at(-1) ?? 'run';
  const stem = name.replace(/\.[^.]*$/, '').replace(/[^\p{L}\p{N}_-]+/gu, '-') || 'run';
  const time = new Date().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  for (let n = 1; ; n++) {
    const folder = files.join('runs', `${stem}-${time}${n === 1 ? '' : `-${n}`}`);
    if ((await files.stat(folder)).kind === 'missing') return folder;
  }
}
