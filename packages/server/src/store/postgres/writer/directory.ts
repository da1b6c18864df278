import type { EndpointId, OrganizationId } from '../../../domain/ids.ts';
import { number, text } from '../../cells.ts';
import type { Row, Statement, Value } from '../database.ts';
import { TextColumn } from '../values.ts';
import { lookUp } from './look-up.ts';

export type EndpointEntry = {
  readonly number: number;
  readonly id: EndpointId;
  readonly organization: number;
  readonly organizationId: OrganizationId;
};

/** Of each kind, twice: those of late, and those of the time before. */
const ENTRIES_MAX = 100_000;

const ENDPOINTS: Statement = {
  name: 'directory_endpoints',
  text: `
    SELECT e.id, e.number, o.number, o.id FROM unnest($1::text[]) g(id)
    JOIN endpoints e ON ${lookUp('e.id', 'g.id')} JOIN organizations o ON ${lookUp('o.number', 'e.organization')}`,
};
const ORGANIZATIONS: Statement = {
  name: 'directory_organizations',
  text: `SELECT o.id, o.number FROM unnest($1::text[]) g(id) JOIN organizations o ON ${lookUp('o.id', 'g.id')}`,
};

type ReadRows = (statement: Statement, values: readonly Value[]) => Promise<readonly Row[]>;

/**
 * Knows the numbers of endpoints and organizations, and which endpoint is whose: neither changes, and neither is ever
 * removed. What may change, such as a status, is for the statements to look at.
 */
export class Directory {
  readonly #read: ReadRows;
  readonly #endpoints = new Generations<EndpointEntry>();
  readonly #organizations = new Generations<number>();

  constructor(read: ReadRows) {
    this.#read = read;
  }

  /** Null when it was not loaded, or is not there. */
  endpoint(id: string): EndpointEntry | null {
    return this.#endpoints.get(id);
  }

  organization(id: string): number | null {
    return this.#organizations.get(id);
  }

  /** Reads what is not known yet: one statement for each kind, and usually none. */
  async load(endpoints: ReadonlySet<string>, organizations: ReadonlySet<string>): Promise<void> {
    const reads: Promise<void>[] = [];
    if (endpoints.size > 0) reads.push(this.#loadEndpoints(endpoints));
    if (organizations.size > 0) reads.push(this.#loadOrganizations(organizations));
    await Promise.all(reads);
  }

  async #loadEndpoints(ids: ReadonlySet<string>): Promise<void> {
    for (const row of await this.#read(ENDPOINTS, [listOf(ids)])) {
      // Ids that only the writer stores.
      const id = text(row[0]) as EndpointId;
      const organizationId = text(row[3]) as OrganizationId;
      this.#endpoints.set(id, { number: number(row[1]), id, organization: number(row[2]), organizationId });
    }
  }

  async #loadOrganizations(ids: ReadonlySet<string>): Promise<void> {
    for (const row of await this.#read(ORGANIZATIONS, [listOf(ids)]))
      this.#organizations.set(text(row[0]), number(row[1]));
  }
}

/** Forgets what was not asked for while as many others came as it holds. */
class Generations<T> {
  #young = new Map<string, T>();
  #old = new Map<string, T>();

  get(key: string): T | null {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old === undefined) return null;
    this.set(key, old);
    return old;
  }

  set(key: string, value: T): void {
    if (this.#young.size >= ENTRIES_MAX) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}

function listOf(ids: ReadonlySet<string>): Buffer {
  const column = new TextColumn();
  for (const id of ids) column.add(id);
  return column.value();
}
