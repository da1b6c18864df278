import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { number, text } from '../cells.ts';

export type EndpointEntry = {
  readonly number: number;
  readonly id: string;
  readonly organization: number;
  status: string;
};

const ENTRIES_MAX = 200_000;

/**
 * Knows the numbers of endpoints and organizations, which never change, and the status of endpoints, which only the
 * writer changes. Forgets everything when a transaction is rolled back.
 */
export class Directory {
  readonly #endpoints = new Map<string, EndpointEntry>();
  readonly #organizations = new Map<string, number>();
  readonly #selectEndpoint: StatementSync;
  readonly #selectOrganization: StatementSync;
  readonly #selectOrganizationId: StatementSync;

  constructor(db: DatabaseSync) {
    this.#selectEndpoint = db.prepare('SELECT number, organization, status FROM endpoints WHERE id = ?');
    this.#selectOrganization = db.prepare('SELECT number FROM organizations WHERE id = ?');
    this.#selectOrganizationId = db.prepare('SELECT id FROM organizations WHERE number = ?');
  }

  endpoint(id: string): EndpointEntry | null {
    const known = this.#endpoints.get(id);
    if (known !== undefined) return known;
    const row = this.#selectEndpoint.get(id);
    if (row === undefined) return null;
    const entry = {
      number: number(row['number']),
      id,
      organization: number(row['organization']),
      status: text(row['status']),
    };
    if (this.#endpoints.size >= ENTRIES_MAX) this.#endpoints.clear();
    this.#endpoints.set(id, entry);
    return entry;
  }

  organization(id: string): number | null {
    const known = this.#organizations.get(id);
    if (known !== undefined) return known;
    const row = this.#selectOrganization.get(id);
    if (row === undefined) return null;
    const found = number(row['number']);
    if (this.#organizations.size >= ENTRIES_MAX) this.#organizations.clear();
    this.#organizations.set(id, found);
    return found;
  }

  organizationId(organization: number): string {
    return text(this.#selectOrganizationId.get(organization)?.['id']);
  }

  requireEndpoint(id: string): EndpointEntry {
    const entry = this.endpoint(id);
    if (entry === null) throw new Error(`endpoint ${id} is not in the store`);
    return entry;
  }

  requireOrganization(id: string): number {
    const found = this.organization(id);
    if (found === null) throw new Error(`organization ${id} is not in the store`);
    return found;
  }

  forget(): void {
    this.#endpoints.clear();
    this.#organizations.clear();
  }
}
