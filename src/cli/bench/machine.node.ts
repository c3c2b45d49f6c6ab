import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { engine } from '#engine';

/** Where and with what a bench was run. */
export interface Machine {
  readonly cpu: string;
  /** Processors this process may use. */
  readonly cores: number;
  readonly gibibytes: number;
  readonly system: string;
  readonly node: string;
  readonly onnxruntime: string;
}

export function machine(): Machine {
  return {
    cpu: processor(),
    cores: availableParallelism(),
    gibibytes: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    onnxruntime: engine.version,
  };
}

/** The processor's name and, where Linux tells them, its family and model: hosts of clouds leave the rest out of the name. */
function processor(): string {
  const name = cpus()[0]?.model.trim() ?? 'unknown';
  if (process.platform !== 'linux') return name;
  const told = readFileSync('/proc/cpuinfo', 'utf8');
  const numberOf = (key: string): string | undefined => new RegExp(`^${key}\\s*: (\\d+)$`, 'm').exec(told)?.[1];
  const [family, model] = [numberOf('cpu family'), numberOf('model')];
  return family === undefined || model === undefined ? name : `${name} (family ${family}, model ${model})`;
}
