import { mkdtempSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trainingHost } from '#dist/cli/studio/training-host.node.js';
import { type Studio, startStudio } from '#dist/server/index.node.js';
import {
  type Answer,
  type EventOf,
  encodeFrame,
  FrameReader,
  frameType,
  type Input,
  type Output,
  type RequestName,
  tokenHeader,
} from '#dist/server/protocol/index.js';

/** A studio on a folder, with a page of one file. */
export async function startOn(path: string, notices: string[] = []): Promise<Studio> {
  const page = mkdtempSync(join(tmpdir(), 'headlight-page-'));
  writeFileSync(join(page, 'index.html'), '<!doctype html><title>the page</title>');
  return startStudio({
    ...{ path, page, version: 'of the test' },
    modelProcess: new URL('../../dist/cli/studio/model-entry.node.js', import.meta.url),
    training: trainingHost,
    notice: (line) => void notices.push(line),
  });
}

/** Asks as the page does. @throws what the answer refuses, with its code */
export function clientOf({ port, token }: Pick<Studio, 'port' | 'token'>) {
  return async <N extends RequestName>(
    name: N,
    input: Input<N>,
    onEvent: (event: EventOf<N>) => void = () => {},
    signal?: AbortSignal,
  ): Promise<Output<N>> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/${name}`, {
      method: 'POST',
      headers: { 'content-type': frameType, [tokenHeader]: token },
      body: encodeFrame(input) as Uint8Array<ArrayBuffer>,
      ...(signal && { signal }),
    });
    if (!response.ok || response.body === null) throw new Error(`${response.status} ${await response.text()}`);
    const reader = new FrameReader();
    let result: Output<N> | undefined;
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
      for (const answer of reader.push(piece) as Answer<Output<N>, EventOf<N>>[]) {
        if ('event' in answer) onEvent(answer.event);
        else if ('result' in answer) result = answer.result;
        else throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
      }
    }
    if (result === undefined) throw new Error('an answer without an end');
    return result;
  };
}

export interface Raw {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A request with whatever headers, as no browser's page may send it. */
export function raw(
  port: number,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: Uint8Array,
): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, method, path, headers, setHost: headers.host === undefined }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
