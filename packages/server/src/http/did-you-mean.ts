/** Names longer than this are not compared: no field is, and the work grows with the square of the length. */
const NAME_LENGTH_MAX = 40;
const DISTANCE_MAX = 2;

/** The candidate that `name` is most likely a slip of, or null. */
export function closestName(name: string, candidates: readonly string[]): string | null {
  if (name.length > NAME_LENGTH_MAX) return null;
  const plain = plainOf(name);
  let best: string | null = null;
  let bestDistance = DISTANCE_MAX + 1;
  for (const candidate of candidates) {
    if (candidate.length > NAME_LENGTH_MAX) continue;
    const distance = plainOf(candidate) === plain ? 0 : editDistance(name, candidate);
    if (distance < bestDistance && distance < candidate.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `event_types`, `event-types` and `EventTypes` are all slips of `eventTypes`. */
function plainOf(name: string): string {
  return name.replaceAll(/[_-]/g, '').toLowerCase();
}

/** Insertions, deletions and replacements (Levenshtein), one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
