/** A family of series as `/metrics` shows it. */
export type Family = {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  /** Without `le`, which every histogram has. */
  readonly series: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
};

/** Reads the text format; throws on a line that is none of it. */
export function readExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let current: { name: string; help: string; type: string; series: Family['series'] } | null = null;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const help = /^# HELP (\S+) (.*)$/.exec(line);
    const type = /^# TYPE (\S+) (\w+)$/.exec(line);
    if (help !== null) {
      current = { name: help[1] ?? '', help: help[2] ?? '', type: '', series: [] };
      if (families.has(current.name)) throw new Error(`${current.name} is shown twice`);
      families.set(current.name, current);
    } else if (type !== null && current !== null && current.name === type[1]) current.type = type[2] ?? '';
    else {
      const sample = /^([a-z_0-9]+)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (sample === null || current === null || !(sample[1] ?? '').startsWith(current.name)) throw new Error(line);
      const labels = [...(sample[2] ?? '').matchAll(/([a-z_]+)="([^"]*)"(?:,|$)/g)].map(([, name, value]) => [
        name,
        value,
      ]);
      current.series.push({ name: sample[1] ?? '', labels: Object.fromEntries(labels), value: Number(sample[3]) });
    }
  }
  return families;
}

/** The family that a name in a query belongs to, and which part of it. */
export function familyOf(
  families: ReadonlyMap<string, Family>,
  name: string,
): { readonly family: Family; readonly part: 'bucket' | 'sum' | 'count' | null } | null {
  const plain = families.get(name);
  if (plain !== undefined) return plain.type === 'histogram' ? null : { family: plain, part: null };
  const split = /^(.*)_(bucket|sum|count)$/.exec(name);
  const family = families.get(split?.[1] ?? '');
  return family?.type === 'histogram' ? { family, part: split?.[2] as 'bucket' | 'sum' | 'count' } : null;
}

export function labelNames(family: Family): string[] {
  const names = new Set(family.series.flatMap(({ labels }) => Object.keys(labels)));
  names.delete('le');
  return [...names].toSorted();
}
