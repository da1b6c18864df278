import { ALL_TYPES, isOperationalType, patternMatches, patternPrefix } from './event-type.ts';

export type Subscription<Id> = {
  readonly id: Id;
  /** Null: every type, operational ones aside. */
  readonly eventTypes: readonly string[] | null;
  /** Null: any type exists. */
  readonly catalogue: readonly string[] | null;
};

export type TypeIndex<Id> = {
  /** The subscribers of a type, each once. The answer may be shared: do not change it. */
  match(type: string): readonly Id[];
};

/** Answers remembered per index; a caller that invents types only makes it forget. */
const MATCHES_KEPT_MAX = 1_024;

type Catalogue = ReadonlySet<string> | null;
/** Subscribers of one pattern that share one catalogue. */
type Group<Id> = { readonly catalogue: Catalogue; readonly ids: Id[] };
/** Key of a catalogue's content to its group. */
type Groups<Id> = Map<string, Group<Id>>;

/**
 * Finds the subscribers of a type among many without looking at each: by the exact name, by each of its prefixes, and
 * among those who take everything, grouped by catalogue.
 */
export function createTypeIndex<Id>(subscriptions: Iterable<Subscription<Id>>): TypeIndex<Id> {
  const exact = new Map<string, Id[]>();
  const prefixes = new Map<string, Groups<Id>>();
  const all: Groups<Id> = new Map();
  const matches = new Map<string, readonly Id[]>();

  for (const { id, eventTypes, catalogue } of subscriptions) {
    const known: Catalogue = catalogue === null ? null : new Set(catalogue);
    const key = catalogue === null ? '*' : [...catalogue].sort().join(' ');
    for (const pattern of irredundant(eventTypes ?? [ALL_TYPES])) {
      const prefix = patternPrefix(pattern);
      if (pattern === ALL_TYPES) addTo(all, key, known, id);
      else if (prefix !== null) addTo(groupsOf(prefixes, prefix), key, known, id);
      else if (known === null || known.has(pattern)) append(exact, pattern, id);
    }
  }

  function find(type: string): readonly Id[] {
    const found: Id[] = [...(exact.get(type) ?? [])];
    if (isOperationalType(type)) return found;
    for (let dot = type.indexOf('.'); dot !== -1; dot = type.indexOf('.', dot + 1)) {
      const groups = prefixes.get(type.slice(0, dot + 1));
      if (groups !== undefined) collect(groups, type, found);
    }
    collect(all, type, found);
    return found;
  }

  return {
    match(type) {
      let found = matches.get(type);
      if (found === undefined) {
        if (matches.size >= MATCHES_KEPT_MAX) matches.clear();
        found = find(type);
        matches.set(type, found);
      }
      return found;
    },
  };
}

/** Leaves out patterns that another one covers, so that no type matches a subscription twice. */
function irredundant(patterns: readonly string[]): readonly string[] {
  const unique = [...new Set(patterns)];
  return unique.filter((pattern) => {
    // As a type, `a.b.*` stands for everything that `a.b.*` covers.
    return !unique.some((other) => other !== pattern && patternMatches(other, pattern));
  });
}

function collect<Id>(groups: Groups<Id>, type: string, found: Id[]): void {
  for (const { catalogue, ids } of groups.values()) {
    if (catalogue !== null && !catalogue.has(type)) continue;
    for (const id of ids) found.push(id);
  }
}

function addTo<Id>(groups: Groups<Id>, key: string, catalogue: Catalogue, id: Id): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, { catalogue, ids: [id] });
  else group.ids.push(id);
}

function groupsOf<Id>(prefixes: Map<string, Groups<Id>>, prefix: string): Groups<Id> {
  let groups = prefixes.get(prefix);
  if (groups === undefined) {
    groups = new Map();
    prefixes.set(prefix, groups);
  }
  return groups;
}

function append<Id>(map: Map<string, Id[]>, key: string, id: Id): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [id]);
  else list.push(id);
}
