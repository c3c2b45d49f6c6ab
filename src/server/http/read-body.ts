import { StudioError } from '../engine/refusal.js';

/** A request's body, refused as soon as it is too long. @throws limit */
export async function readBody(request: Request, most: number): Promise<Uint8Array> {
  const refuse = (): never => {
    throw new StudioError('limit', `The request is longer than ${(most / 2 ** 20).toFixed(0)} MiB.`, 'Give less at once.');
  };
  if (Number(request.headers.get('content-length') ?? 0) > most) refuse();
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) {
      await reader.cancel();
      refuse();
    }
    pieces.push(value);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
