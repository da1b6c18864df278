/** What the database of an earlier release holds, and how its tests find it again. */

/** Made for this fixture, and used nowhere else. */
export const MASTER_KEY = `fixture:${Buffer.alloc(32, 'hookring upgrade fixture').toString('base64')}`;
export const BOOTSTRAP_KEY = 'upgrade-fixture-bootstrap-key-0123456789';
/** Where the endpoints of the dump point; a test puts the address of its receiver there. */
export const RECEIVER = 'http://127.0.0.1:9';

/** One endpoint through each API, rotated once, with a delivery that succeeded and one that is owed. */
export type Product = {
  readonly name: string;
  readonly list: string;
  readonly type: string;
  readonly creation: object;
  readonly rotation: string;
  readonly rotationBody: object | null;
  /** Where its answers have the secret. */
  readonly secret: string;
  readonly id: string;
  /** Whether its rotation lets the older secret sign on. */
  readonly hasGrace: boolean;
};

export const PRODUCTS: readonly Product[] = [
  {
    name: 'native',
    list: '/v1/endpoints',
    type: 'invoice.paid',
    creation: { eventTypes: ['invoice.paid'], headers: { 'x-tenant': 'acme' } },
    rotation: 'rotate',
    rotationBody: { graceSeconds: 86_400, reason: 'fixture' },
    secret: 'secret.value',
    id: 'endpoint.id',
    hasGrace: true,
  },
  {
    name: 'moonborn',
    list: '/moonborn/v1/webhooks',
    type: 'persona.created',
    creation: { events: ['persona.created'] },
    rotation: 'rotate_secret',
    rotationBody: { graceSeconds: 86_400 },
    secret: 'secretValue',
    id: 'endpoint.endpointId',
    hasGrace: true,
  },
  {
    name: 'agentmessage',
    list: '/agentmessage/v1/webhooks',
    type: 'wallet.balance_low',
    creation: { events: ['wallet.balance_low'] },
    rotation: 'rotate-secret',
    rotationBody: null,
    secret: 'secret',
    id: 'id',
    hasGrace: false,
  },
  {
    name: 'signup',
    list: '/signup/webhooks',
    type: 'signup.created',
    creation: { eventTypes: ['signup.created'] },
    rotation: 'rotate',
    rotationBody: null,
    secret: 'signingSecret',
    id: 'endpoint.id',
    hasGrace: true,
  },
  {
    name: 'dinie',
    list: '/dinie/webhooks/endpoints',
    type: 'loan.created',
    creation: { events: ['loan.created'] },
    rotation: 'secret/rotate',
    rotationBody: { expire_current_in: 86_400 },
    secret: 'secret',
    id: 'id',
    hasGrace: true,
  },
];

/** What was written down while the database was made. Its secrets and tokens were made for it alone. */
export type Facts = {
  readonly madeAt: number;
  readonly endpoints: Readonly<
    Record<
      string,
      {
        /** The native id. */
        readonly id: string;
        /** Oldest first. */
        readonly secrets: readonly string[];
        readonly deliveredEvent: string;
        readonly owedEvent: string;
      }
    >
  >;
  readonly tenant: {
    readonly id: string;
    readonly token: string;
    readonly endpointId: string;
    readonly secrets: readonly string[];
  };
  readonly revokedToken: string;
  readonly dead: { readonly id: string; readonly eventId: string };
  readonly retrying: { readonly id: string; readonly eventId: string };
  readonly held: { readonly id: string; readonly eventId: string };
  readonly idempotent: { readonly key: string; readonly body: string; readonly answer: string };
  readonly auditRows: number;
};

/** The value at a path such as `endpoint.id`. */
export function at(json: unknown, place: string): string {
  const found = place
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], json); // Any JSON.
  if (typeof found !== 'string') throw new Error(`${place} is no text in ${JSON.stringify(json)}`);
  return found;
}
