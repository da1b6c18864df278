import type { Caller } from '../../packages/server/src/app/caller.ts';
import type { AppContext } from '../../packages/server/src/app/context.ts';
import { createEndpoint } from '../../packages/server/src/app/create-endpoint.ts';
import { listAttempts, readDelivery, resendDelivery } from '../../packages/server/src/app/deliveries.ts';
import { patchEndpoint, readEndpoint } from '../../packages/server/src/app/endpoints.ts';
import type { Outcome } from '../../packages/server/src/app/outcome.ts';
import { recoverDeliveries } from '../../packages/server/src/app/recover.ts';
import { type RotateInput, rotate } from '../../packages/server/src/app/rotate.ts';
import { listSecrets } from '../../packages/server/src/app/secrets.ts';
import type { DeliveryId, EndpointId, OrganizationId } from '../../packages/server/src/domain/ids.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import type { Answer, Clients } from './clients.ts';
import type { Population, Tenant } from './population.ts';

/** Where no request may lead: the operator has opened nothing. */
const PRIVATE_URLS = [
  'https://10.0.0.1/hooks',
  'https://127.0.0.1:8443/hooks',
  'https://169.254.169.254/latest/meta-data',
  'https://2130706433/hooks',
  'https://0x7f.1/hooks',
  'https://[::1]/hooks',
  'https://[fd00::1]/hooks',
  'https://[::ffff:192.168.0.1]/hooks',
  'https://metadata.google.internal/computeMetadata',
  'https://database.internal/hooks',
  'https://printer.local/hooks',
  'https://intranet/hooks',
  'http://receiver-1.example/hooks',
  'https://receiver-1.example:22/hooks',
  'https://receiver-1.example@10.0.0.1/hooks',
] as const;

type Ask = (app: AppContext, caller: Caller, id: string) => Promise<Outcome<unknown>>;

/** Of those who try again later: it says nothing of the id that was asked for. */
const TEMPORARY = new Set(['store_unavailable', 'overloaded', 'conflict']);
const PAGE = { itemsMax: 10, after: null };
const ID_DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
const ROTATION: Omit<RotateInput, 'owner'> = {
  graceSeconds: 0,
  force: true,
  reason: null,
  secret: null,
  algorithm: null,
  spelling: 'whsec',
  dialectPolicy: null,
  archived: 'shown',
};

/** What may be asked of an endpoint. The ids that stand here as text are those of endpoints. */
const OF_ENDPOINTS: readonly Ask[] = [
  (app, caller, id) => readEndpoint(app, caller, id as EndpointId, 'shown'),
  (app, caller, id) => listSecrets(app, caller, id as EndpointId, PAGE, 'shown'),
  (app, caller, id) => listAttempts(app, caller, id as EndpointId, PAGE, 'shown'),
  (app, caller, id) => rotate(app, caller, { ...ROTATION, owner: id as EndpointId }, null),
  (app, caller, id) =>
    patchEndpoint(app, caller, id as EndpointId, { status: 'suspended' }, null, { archived: 'shown' }),
  (app, caller, id) => {
    const input = { endpointId: id as EndpointId, since: 0, until: null, statuses: ['dead'] as const, after: null };
    return recoverDeliveries(app, caller, input, null, 'shown');
  },
];

/** The same of deliveries. */
const OF_DELIVERIES: readonly Ask[] = [
  (app, caller, id) => readDelivery(app, caller, id as DeliveryId, 'shown'),
  (app, caller, id) => resendDelivery(app, caller, id as DeliveryId, { waiting: 'allowed', archived: 'shown' }, null),
];

/** Those who try what they may not: to reach what is another organization's, or the operator's own network. */
export class Strangers {
  readonly #world: World;
  readonly #clients: Clients;
  readonly #population: Population;
  readonly #random: Random;

  constructor(world: World, clients: Clients, population: Population) {
    this.#world = world;
    this.#clients = clients;
    this.#population = population;
    this.#random = world.random.fork(5);
  }

  try(): void {
    const tenant = this.#random.pick(this.#population.tenants);
    if (this.#random.chance(0.5)) this.#trespass(tenant);
    else this.#dig(tenant);
  }

  /** An id of another organization's is answered as one that nobody has. */
  #trespass(tenant: Tenant): void {
    const isDelivery = this.#random.chance(0.3);
    const target = isDelivery ? this.#world.database.anyDelivery(this.#random.next()) : this.#anyEndpoint();
    if (target === null || target.organizationId === tenant.id) return;
    const { id, organizationId } = target;
    const last = ID_DIGITS.indexOf(id.slice(-1));
    const nobodys = `${id.slice(0, -1)}${ID_DIGITS[(last + 1) % ID_DIGITS.length]}`;
    const ask = this.#random.pick(isDelivery ? OF_DELIVERIES : OF_ENDPOINTS);
    const caller = this.#clients.callerOf(tenant.id);
    const said: string[] = [];
    for (const asked of [id, nobodys]) {
      this.#clients.call(
        (app) => ask(app, caller, asked),
        (answer) => {
          const text = textOf(answer, asked);
          if (text === null) return;
          said.push(text);
          this.#world.model.checks.that(
            'walls',
            answer.kind === 'refused' && said[0] === text,
            () => `${tenant.id} asked for ${id} of ${organizationId} and for what is nobody's: ${said.join(', ')}`,
          );
        },
      );
    }
  }

  #anyEndpoint(): { readonly id: string; readonly organizationId: OrganizationId } | null {
    const { id, endpoints } = this.#random.pick(this.#population.tenants);
    return endpoints.length === 0 ? null : { id: this.#random.pick(endpoints), organizationId: id };
  }

  /** Nobody gets an endpoint in there, new or by a change. */
  #dig({ id, endpoints }: Tenant): void {
    const url = this.#random.pick(PRIVATE_URLS);
    const caller = this.#clients.callerOf(id);
    const own = endpoints.length === 0 ? null : this.#random.pick(endpoints);
    const request = this.#population.request('createEndpoint');
    const input = this.#population.input(url, 'prompt', 'organization');
    this.#clients.call<unknown>(
      (app) =>
        own === null || this.#random.chance(0.5)
          ? createEndpoint(app, caller, input, request)
          : patchEndpoint(app, caller, own, { url }, null, { archived: 'shown' }),
      (answer) => {
        const isLet = answer.kind === 'done';
        this.#world.model.checks.that('closed', !isLet, () => `${id} has an endpoint at ${url}`);
      },
    );
  }
}

/** What an answer says, but for the id; null: nothing. */
function textOf(answer: Answer<unknown>, id: string): string | null {
  if (answer.kind === 'done') return 'done';
  if (answer.kind === 'lost' || TEMPORARY.has(answer.code)) return null;
  return `${answer.code}: ${answer.detail.replaceAll(id, 'that id')}`;
}
