import { randomBytes, randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeWebhooks } from '@hookring/signing';
import type { Delivery } from '../../domain/delivery.ts';
import type { Endpoint } from '../../domain/endpoint.ts';
import { resumeEndpoint } from '../../domain/endpoint-status.ts';
import { createIdSource, type EndpointId, type OrganizationId } from '../../domain/ids.ts';
import { NATIVE_ROTATION_POLICY } from '../../domain/rotation-policy.ts';
import type { RingOwner } from '../../domain/secret.ts';
import type { Command, Store, StoredKeyring, StoredSecret } from '../../store/port.ts';
import { openSqliteStore } from '../../store/sqlite/open.ts';
import { createEngine, type EngineWithParts } from '../create-engine.ts';
import type { AcceptOutcome, IncomingEvent } from '../engine.ts';
import { DEFAULT_ENGINE_SETTINGS, type EngineLimits, type EngineSettings } from '../settings.ts';
import { type EngineTelemetry, SILENT_TELEMETRY } from '../telemetry.ts';
import type { EngineTracing } from '../tracing.ts';
import { ScriptedSender } from './scripted-sender.ts';
import { TestVault } from './test-vault.ts';
import { VirtualTime } from './virtual-time.ts';

const START_AT = Date.UTC(2030, 0, 1);

export type WorldOptions = {
  readonly settings?: Partial<Omit<EngineSettings, 'limits'>>;
  readonly limits?: Partial<EngineLimits>;
  /** In a file, so that it can be opened again; else in memory. */
  readonly onDisk?: boolean;
  readonly random?: () => number;
  readonly wrapStore?: (store: Store) => Store;
  readonly telemetry?: Partial<EngineTelemetry>;
  readonly tracing?: EngineTracing;
  readonly sends?: boolean;
};

/** An engine over a real store, with virtual time and scripted receivers. */
export class World {
  readonly time = new VirtualTime(START_AT);
  readonly vault = new TestVault();
  readonly ids = createIdSource({ now: () => this.time.now(), fillRandom: (bytes) => void randomFillSync(bytes) });
  readonly organizationId: OrganizationId = this.ids.next('org');
  readonly faults: unknown[] = [];
  readonly texts = new Map<string, string>();
  sender = new ScriptedSender(this.time);
  readonly #options: WorldOptions;
  readonly #folder: string | null;
  #store: Store | null = null;
  #engine: EngineWithParts | null = null;

  constructor(options: WorldOptions = {}) {
    this.#options = options;
    this.#folder = options.onDisk === true ? mkdtempSync(join(tmpdir(), 'hookring-engine-')) : null;
  }

  get store(): Store {
    if (this.#store === null) throw new Error('the world is not open');
    return this.#store;
  }

  get engine(): EngineWithParts {
    if (this.#engine === null) throw new Error('the world is not open');
    return this.#engine;
  }

  async open(): Promise<this> {
    const path = this.#folder === null ? ':memory:' : join(this.#folder, 'test.db');
    const { time: clock } = this;
    const opened = await openSqliteStore({ path, mode: 'inline', clock, timers: clock, freeDiskRatio: async () => 1 });
    this.#store = this.#options.wrapStore?.(opened) ?? opened;
    this.#engine = createEngine({
      store: this.#store,
      vault: this.vault,
      sender: this.sender,
      clock,
      timers: clock,
      random: this.#options.random ?? (() => 0.5),
      ids: this.ids,
      settings: {
        ...DEFAULT_ENGINE_SETTINGS,
        ...this.#options.settings,
        limits: { ...DEFAULT_ENGINE_SETTINGS.limits, ...this.#options.limits },
      },
      telemetry: {
        ...SILENT_TELEMETRY,
        fault: (where, error) => this.faults.push({ where, error }),
        ...this.#options.telemetry,
      },
      tracing: this.#options.tracing ?? null,
      sends: this.#options.sends ?? true,
    });
    return this;
  }

  /** Opens, with an organization and its ring. */
  async begin(): Promise<this> {
    await this.open();
    await this.addOrganization(this.organizationId);
    await this.engine.start();
    return this;
  }

  /** The process ends here: nothing that was in flight is heard of again. */
  async crash(): Promise<void> {
    this.sender.connected = false;
    const { script } = this.sender;
    this.time.forget();
    await this.store.close();
    this.sender = new ScriptedSender(this.time);
    this.sender.script = script;
    await this.open();
    await this.engine.start();
  }

  async end(): Promise<void> {
    const stopped = this.engine.stop();
    await this.time.advance(70_000);
    await stopped;
    await this.store.close();
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true });
  }

  async addOrganization(id: OrganizationId): Promise<void> {
    const now = this.time.now();
    const organization = {
      id,
      externalId: null,
      name: 'test',
      rotationPolicy: NATIVE_ROTATION_POLICY,
      version: 1,
      createdAt: now,
      updatedAt: now,
    };
    await this.apply([
      { kind: 'organization.insert', organization },
      { kind: 'keyring.insert', ring: { owner: id, version: 1, secrets: [this.secret(id, 1)] } },
    ]);
  }

  endpoint(fields: Partial<Endpoint> = {}): Endpoint {
    const now = this.time.now();
    const id = this.ids.next('ep');
    return {
      id,
      organizationId: this.organizationId,
      url: `https://receiver.example/${id}`,
      eventTypes: null,
      description: '',
      status: { kind: 'active' },
      headers: [],
      metadata: {},
      keyring: 'own',
      retrySchedule: null,
      sendDeadlineSeconds: null,
      concurrency: null,
      ratePerSecond: null,
      signatureProfile: nativeWebhooks,
      envelope: null,
      rotationPolicy: NATIVE_ROTATION_POLICY,
      catalogue: null,
      extra: {},
      version: 1,
      createdAt: now,
      updatedAt: now,
      ...fields,
    };
  }

  async addEndpoint(fields: Partial<Endpoint> = {}): Promise<Endpoint> {
    const endpoint = this.endpoint(fields);
    const commands: Command[] = [{ kind: 'endpoint.insert', endpoint }];
    if (endpoint.keyring === 'own') {
      const ring = { owner: endpoint.id, version: 1, secrets: [this.secret(endpoint.id, 1)] };
      commands.push({ kind: 'keyring.insert', ring });
    }
    await this.apply(commands);
    return endpoint;
  }

  secret(owner: RingOwner, number: number, fields: Partial<StoredSecret> = {}): StoredSecret {
    const id = this.ids.next('sec');
    const text = `whsec_${randomBytes(32).toString('base64')}`;
    this.texts.set(id, text);
    const now = this.time.now();
    return {
      id,
      algorithm: 'hmac-sha256',
      number,
      createdAt: now,
      activatesAt: now,
      supersededAt: null,
      expiresAt: null,
      revokedAt: null,
      signsFrom: now,
      signsUntil: null,
      origin: 'generated',
      hint: text.slice(-4),
      fingerprint: id,
      publicKey: null,
      actor: 'system',
      reason: null,
      sealed: this.vault.seal(text, owner, id),
      ...fields,
    };
  }

  async ring(owner: RingOwner): Promise<StoredKeyring> {
    const ring = await this.store.reader.keyring(owner);
    if (ring === null) throw new Error('no ring');
    return ring;
  }

  /** Makes a new secret active; all others end after the grace. */
  async rotate(owner: RingOwner, graceMs: number): Promise<StoredSecret> {
    const before = await this.ring(owner);
    const now = this.time.now();
    const fresh = this.secret(owner, before.secrets.length + 1);
    const older = before.secrets.map((secret) => ({
      ...secret,
      supersededAt: secret.supersededAt ?? now,
      expiresAt: secret.expiresAt ?? now + graceMs,
      signsUntil: secret.signsUntil ?? now + graceMs,
    }));
    const living = older.filter((secret) => (secret.expiresAt ?? 0) > now);
    const retired = older.filter((secret) => (secret.expiresAt ?? 0) <= now);
    const ring = { owner, version: before.version + 1, secrets: [fresh, ...living] };
    await this.apply([{ kind: 'keyring.put', ring, retired, expectedVersion: before.version }]);
    return fresh;
  }

  async currentEndpoint(id: EndpointId): Promise<Endpoint> {
    const found = await this.store.reader.endpointById(id);
    if (found === null) throw new Error('no endpoint');
    return found.endpoint;
  }

  async put(endpoint: Endpoint): Promise<void> {
    const expectedVersion = endpoint.version;
    const next = { ...endpoint, version: expectedVersion + 1 };
    await this.apply([{ kind: 'endpoint.put', endpoint: next, expectedVersion, resetHealth: false }]);
  }

  async resume(id: EndpointId): Promise<void> {
    const endpoint = await this.currentEndpoint(id);
    const move = resumeEndpoint(endpoint, this.time.now());
    if (move.kind !== 'changed') throw new Error('cannot be resumed');
    await this.apply([
      { kind: 'endpoint.put', endpoint: move.endpoint, expectedVersion: endpoint.version, resetHealth: true },
      { kind: 'endpoint.wake', endpointId: id },
    ]);
  }

  async apply(commands: readonly Command[]): Promise<void> {
    const applied = await this.store.apply(commands);
    if (applied.kind !== 'applied') throw new Error(JSON.stringify(applied));
  }

  event(fields: Partial<IncomingEvent> = {}): IncomingEvent {
    const payload = new TextEncoder().encode('{"hello":"world"}');
    return { id: null, type: 'thing.happened', payload, contentType: 'application/json', occurredAt: null, ...fields };
  }

  accept(...events: readonly IncomingEvent[]): Promise<AcceptOutcome> {
    return this.engine.accept(this.organizationId, events.length === 0 ? [this.event()] : events, null);
  }

  async deliveries(endpointId: EndpointId | null = null): Promise<readonly Delivery[]> {
    const filter = { organizationId: this.organizationId, endpointId, eventKey: null, statuses: null };
    const all: Delivery[] = [];
    let after: string | null = null;
    do {
      const page = await this.store.reader.deliveries(filter, { after, itemsMax: 200 });
      all.push(...page.items.map(({ delivery }) => delivery));
      after = page.nextCursor;
    } while (after !== null);
    return all;
  }
}
