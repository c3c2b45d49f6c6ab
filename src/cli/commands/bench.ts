import { fail, nearest } from '../../core/index.js';
import type { CommandIo } from '../io.js';

type Bench = (options: { readonly onProgress: (what: string) => void }) => Promise<Record<string, unknown>>;

/** Each is loaded when asked for. */
const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  decode: async () => (await import('../bench/decode.js')).decodeBench,
};

/** Runs a bench and shows its figures. JSON: the figures. @throws name: no such bench */
export async function benchCommand(name: string, flags: { json?: boolean }, io: CommandIo): Promise<void> {
  const load = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (load === undefined) {
    const known = Object.keys(benches);
    throw fail('name', { where: 'bench', rule: `one of ${known.join(', ')}`, got: JSON.stringify(name), fix: `Nearest: ${nearest(name, known, 1)}` });
  }
  const figures = await (await load())({ onProgress: (what) => io.note(`bench ${name}: ${what}`) });
  if (flags.json) io.out(`${JSON.stringify(figures)}\n`);
  else for (const [key, value] of Object.entries(figures)) io.out(`${key}: ${typeof value === 'object' ? JSON.stringify(value) : value}\n`);
}
