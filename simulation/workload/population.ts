import { nativeWebhooks } from '@hookring/signing';
import { type CreateEndpointInput, createEndpoint } from '../../packages/server/src/app/create-endpoint.ts';
import { createOrganization } from '../../packages/server/src/app/organizations.ts';
import type { EndpointId, OrganizationId, SecretId } from '../../packages/server/src/domain/ids.ts';
import { NATIVE_ROTATION_POLICY } from '../../packages/server/src/domain/rotation-policy.ts';
import type { RingOwner } from '../../packages/server/src/domain/secret.ts';
import type { OrganizationModel } from '../model/endpoint-model.ts';
import { CHARACTERS, type Character, SHARES } from '../network/characters.ts';
import { Keyholder } from '../network/keyholder.ts';
import type { SimulatedNode } from '../node.ts';
import type { World } from '../world.ts';
import type { Clients } from './clients.ts';

export const EVENT_TYPES = ['invoice.paid', 'invoice.voided', 'user.created', 'user.removed', 'order.shipped'] as const;
const SUBSCRIPTIONS: readonly (readonly string[] | null)[] = [
  null,
  null,
  null,
  ['invoice.*'],
  ['user.created', 'order.shipped'],
  ['invoice.paid', 'user.*', 'order.*'],
];
const SKEW_MS_MAX = 120_000;
/** Of those who besiege. */
const HANGING_SHARE = 0.25;

/** Somebody whose events are sent. */
export type Tenant = {
  readonly id: OrganizationId;
  readonly model: OrganizationModel;
  readonly endpoints: EndpointId[];
};

/** The organizations, endpoints and customers of a world. */
export class Population {
  readonly tenants: Tenant[] = [];
  readonly keyholders = new Map<RingOwner, Keyholder>();
  readonly #world: World;
  readonly #clients: Clients;
  #hosts = 0;
  #keys = 0;

  constructor(world: World, clients: Clients) {
    this.#world = world;
    this.#clients = clients;
  }

  /** Makes one organization; it is there once `done` is called. */
  addOrganization(done: () => void): void {
    const name = `organization ${this.tenants.length + 1}`;
    const operator = this.#clients.callerOf('org_00000000000000000000000000');
    const request = this.request('createOrganization');
    const attempt = (): void =>
      this.#clients.call(
        (app) => createOrganization(app, operator, { name, externalId: null }, request),
        (answer) => {
          if (answer.kind !== 'done') return void this.#world.agenda.after(200, attempt);
          const { organization, secret } = answer.value;
          const model = this.#world.model.organizations.get(organization.id);
          if (model === undefined) throw new Error('an organization was answered that was never committed');
          this.#hold(organization.id, secret);
          this.tenants.push({ id: organization.id, model, endpoints: [] });
          done();
        },
      );
    attempt();
  }

  /** Makes an endpoint of an organization, on some node or on the one that is named. */
  addEndpoint(tenant: Tenant, done: (answer: { readonly id: EndpointId }) => void, on?: SimulatedNode): void {
    const { random, agenda, receivers } = this.#world;
    this.#hosts += 1;
    const url = `https://receiver-${this.#hosts}.example/hooks`;
    const character = this.#character();
    const keyring = random.chance(0.2) ? 'organization' : 'own';
    const input = this.input(url, character, keyring);
    const request = this.request('createEndpoint');
    const keyholder = new Keyholder();
    // Until the answer with its secret is here nobody can verify.
    keyholder.hardRotations = 1;
    const holder = keyring === 'own' ? keyholder : (this.keyholders.get(tenant.id) ?? keyholder);
    const skewMs = random.between(-SKEW_MS_MAX, SKEW_MS_MAX);
    receivers.add(new URL(url).href, { character, keyholder: holder, skewMs, since: agenda.now });
    const attempt = (node?: SimulatedNode): void =>
      this.#clients.call(
        (app) => createEndpoint(app, this.#clients.callerOf(tenant.id), input, request),
        (answer) => {
          if (answer.kind !== 'done') return void agenda.after(300, () => attempt());
          const { endpoint, secret } = answer.value;
          if (keyring === 'own') this.#hold(endpoint.id, secret, keyholder);
          tenant.endpoints.push(endpoint.id);
          done({ id: endpoint.id });
        },
        node,
      );
    attempt(on);
  }

  /** A request that may be repeated. */
  request(route: string): { readonly route: string; readonly key: string; readonly body: Uint8Array } {
    this.#keys += 1;
    return { route, key: `key-${this.#keys}`, body: Buffer.from(`${route} ${this.#keys}`) };
  }

  #hold(owner: RingOwner, secret: { id: SecretId; value: string | null } | null, keyholder = new Keyholder()): void {
    if (secret === null || secret.value === null) throw new Error('the first secret of a ring was not shown');
    keyholder.give(secret.id, secret.value);
    keyholder.deploy(secret.id);
    keyholder.hardRotations = 0;
    this.keyholders.set(owner, keyholder);
  }

  #character(): Character {
    const { random, plan } = this.#world;
    if (plan.isBesieged && random.chance(HANGING_SHARE)) return 'hanging';
    let left = random.below(100);
    for (const character of CHARACTERS) {
      left -= SHARES[character];
      if (left < 0) return character;
    }
    return 'prompt';
  }

  /** What a customer says of a new endpoint. */
  input(url: string, character: Character, keyring: 'own' | 'organization'): CreateEndpointInput {
    const { random } = this.#world;
    const isPlain = character === 'prompt' && random.chance(0.8);
    return {
      settings: {
        url,
        eventTypes: random.pick(SUBSCRIPTIONS),
        sendDeadlineSeconds: random.chance(0.5) ? random.between(1, 12) : null,
        concurrency: isPlain || random.chance(0.7) ? null : random.between(1, 8),
        ratePerSecond: isPlain || random.chance(0.9) ? null : random.between(20, 200),
      },
      keyring,
      algorithm: 'hmac-sha256',
      defaults: {
        signatureProfile: nativeWebhooks,
        envelope: null,
        retrySchedule: random.chance(0.2) ? [0, 1, 3] : null,
        rotationPolicy: NATIVE_ROTATION_POLICY,
        catalogue: null,
        secretSpelling: 'whsec',
      },
      archived: 'shown',
    };
  }
}
