/** Those whose name has all words of the query, or whose letters come in its order; the better matches first. */
export function matching<T extends { readonly name: string }>(items: readonly T[], query: string): T[] {
  const wanted = query.trim().toLowerCase();
  if (wanted === '') return [...items];
  const scored = items.map((item, order) => ({ item, order, score: scoreOf(item.name.toLowerCase(), wanted) }));
  return scored
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.order - b.order)
    .map(({ item }) => item);
}

function scoreOf(name: string, wanted: string): number {
  if (name.startsWith(wanted)) return 4;
  if (name.includes(wanted)) return 3;
  if (wanted.split(/\s+/).every((word) => name.includes(word))) return 2;
  let at = 0;
  for (const letter of name) if (letter === wanted[at]) at++;
  return at === wanted.length ? 1 : 0;
}
