/** The figures of one look at `/metrics`. */
export type Scrape = {
  /** Of all series of a family. */
  sum(name: string): number;
  /** Each series of a family: the values of its labels in the order of their names, and its own. */
  all(name: string): readonly (readonly [labels: readonly string[], value: number])[];
};

const SERIES = /^(\w+)(?:\{([^}]*)\})? (\S+)$/gm;
const LABEL = /(\w+)="([^"]*)"/g;

export async function scrape(url: string): Promise<Scrape> {
  const response = await fetch(`${url}/metrics`);
  const text = await response.text();
  if (!response.ok) throw new Error(`/metrics answered ${response.status}: ${text}`);
  return scrapeOf(text);
}

export function scrapeOf(text: string): Scrape {
  const families = new Map<string, { readonly labels: string; readonly value: number }[]>();
  for (const [, name = '', labels = '', value] of text.matchAll(SERIES)) {
    const family = families.get(name) ?? [];
    families.set(name, family);
    family.push({ labels, value: Number(value) });
  }
  return {
    sum: (name) => (families.get(name) ?? []).reduce((total, { value }) => total + value, 0),
    all: (name) =>
      (families.get(name) ?? []).map(({ labels, value }) => {
        const pairs = [...labels.matchAll(LABEL)].map(([, label = '', text = '']) => [label, text] as const);
        return [pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text), value] as const;
      }),
  };
}
