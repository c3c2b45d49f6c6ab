import { type Command, InvalidArgumentError, Option } from 'commander';

/** Reads an option's number. @throws InvalidArgumentError: one line that says which numbers may stand there */
export function wholeNumber(min: number, max = 2 ** 31 - 1): (text: string) => number {
  return (text) => {
    const value = toNumber(text);
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(`It takes a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** The same for any number in a range. `above` and `below` are not in it themselves. */
export function realNumber(range: { from?: number; above?: number; to?: number; below?: number }): (text: string) => number {
  const { from, above, to, below } = range;
  const rules = [
    from === undefined ? '' : `from ${from}`,
    above === undefined ? '' : `above ${above}`,
    to === undefined ? '' : `to ${to}`,
    below === undefined ? '' : `below ${below}`,
  ].filter((rule) => rule !== '');
  return (text) => {
    const value = toNumber(text);
    const isInside =
      Number.isFinite(value) &&
      value >= (from ?? -Infinity) &&
      value > (above ?? -Infinity) &&
      value <= (to ?? Infinity) &&
      value < (below ?? Infinity);
    if (!isInside) throw new InvalidArgumentError(`It takes ${['a number', ...rules].join(' ')}.`);
    return value;
  };
}

/** NaN for what is no number, also for text that JavaScript would read as 0. */
function toNumber(text: string): number {
  return /^[+-]?(\d|\.\d)/.test(text) ? Number(text) : Number.NaN;
}

/** Where and how the engine runs. */
export interface EngineFlags {
  readonly device?: 'cpu' | 'webgpu';
  readonly threads?: number;
}

export function engineOptions(command: Command): Command {
  return command
    .addOption(new Option('--device <name>', 'where to compute').choices(['cpu', 'webgpu']).default('cpu'))
    .option('--threads <n>', 'threads to compute with; 0 for as many as there are cores', wholeNumber(0, 1024), 0);
}

/** To find faults. */
export interface FaultFlags {
  readonly check?: boolean;
  readonly dumpOnnx?: string;
}

/** @param program which of the command's programs is written */
export function faultOptions(command: Command, program: string): Command {
  return command
    .option('--check', 'stop at the first NaN or infinity, naming its site')
    .option('--dump-onnx <file>', `write ${program} as ONNX, to look at; weights are its inputs`);
}

export function jsonOption(command: Command): Command {
  return command.option('--json', 'one JSON object as the last line of standard output');
}
