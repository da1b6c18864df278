/** Gives out ids that are fit for a page and for the end of an address, each only once. */
export function createAnchors(): (kind: string, name: string) => string {
  const taken = new Set<string>();
  return (kind, name) => {
    const plain = `${kind}-${name.replaceAll(/[^A-Za-z0-9_-]+/g, '-')}`;
    let anchor = plain;
    for (let count = 2; taken.has(anchor); count += 1) anchor = `${plain}-${count}`;
    taken.add(anchor);
    return anchor;
  };
}
