/** A name or value from a file, quoted, on one line, not too long: what stands in an error must not break it. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
