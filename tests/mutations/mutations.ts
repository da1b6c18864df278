/** One promise broken on purpose: the text `find` stands exactly once in `file`. */
export type Mutation = {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Test files that must notice. */
  readonly tests: readonly string[];
  readonly testName?: string;
};

const SERVER = 'packages/server/src';

/** In the order of the promises in ARCHITECTURE.md. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'accepted is durable: leases of a dead run are never taken over',
    file: `${SERVER}/store/sqlite/writer/start-run.ts`,
    find: 'UPDATE queue SET lease = NULL WHERE lease IS NOT NULL;',
    replace: '',
    tests: [`${SERVER}/engine/recovery.test.ts`],
  },
  {
    name: 'accepted is durable: a recorded success stays in the queue and is sent again',
    file: `${SERVER}/store/sqlite/writer/record.ts`,
    find: '      deleteQueued.run(delivery);',
    replace: '      requeue.run(at, delivery);',
    tests: ['tests/kill.test.ts'],
  },
  {
    name: 'accepted is durable: 202 before the commit',
    file: `${SERVER}/engine/accept.ts`,
    find: 'result = await this.#tools.store.accept({ events: draft.events, idempotency: row });',
    replace:
      "void this.#tools.store.accept({ events: draft.events, idempotency: row }).catch(() => {}); result = { kind: 'accepted', outcomes: draft.events.map(() => ({ kind: 'stored' as const })) };",
    tests: [`${SERVER}/engine/accept.test.ts`],
  },
  {
    name: 'live means signed: only the first secret signs',
    file: `${SERVER}/engine/signers.ts`,
    find: 'const secrets = signingSecrets(ring.ring, now);',
    replace: 'const secrets = signingSecrets(ring.ring, now).slice(0, 1);',
    tests: [`${SERVER}/engine/rotation-in-flight.test.ts`],
  },
  {
    name: 'live means signed: an expired secret goes on signing',
    file: `${SERVER}/engine/signers.ts`,
    find: 'cached.from <= now && now < cached.until',
    replace: 'cached.from <= now',
    tests: [`${SERVER}/engine/rotation-in-flight.test.ts`],
  },
  {
    name: 'live means signed: a secret signs past the end of its grace',
    file: `${SERVER}/domain/secret.ts`,
    find: '(secret.signsUntil === null || now < secret.signsUntil) &&',
    replace: '',
    tests: [`${SERVER}/domain`],
  },
  {
    name: 'a rotation is atomic: the expected version of a ring is not looked at',
    file: `${SERVER}/store/sqlite/writer/commands-keyrings.ts`,
    find: 'WHERE owner = ? AND version = ?',
    replace: 'WHERE owner = ? AND version IS NOT ?',
    tests: [`${SERVER}/store/sqlite/contract.test.ts`],
  },
  {
    name: 'a rotation is atomic: a grace of 0 leaves an older retiring secret alive',
    file: `${SERVER}/domain/rotate-keyring.ts`,
    find: "const cut = force || grace.ms === 0 || policy.onOverlap === 'replace';",
    replace: "const cut = policy.onOverlap === 'replace';",
    tests: [`${SERVER}/domain`],
  },
  {
    name: 'a rotation is prompt: memory is not told of a changed ring',
    file: `${SERVER}/engine/directory.ts`,
    find: 'this.#rings.put(change.ring.owner, new LoadedRing(change.ring, this.#vault));',
    replace: '',
    tests: [`${SERVER}/engine/rotation-in-flight.test.ts`],
  },
  {
    name: 'shown once: the hint of a secret is the whole secret',
    file: `${SERVER}/app/minting.ts`,
    find: 'hint: (publicText ?? text).slice(-HINT_LENGTH),',
    replace: 'hint: publicText ?? text,',
    tests: ['tests/peer-bugs.test.ts'],
    testName: 'shows a secret once',
  },
  {
    name: 'shown once: the secret stands in the idempotency row',
    file: `${SERVER}/app/rotate.ts`,
    find: 'const reference = { owner, secretId: shown.id,',
    replace: 'const reference = { owner, value: shown.value, secretId: shown.id,',
    tests: ['tests/peer-bugs.test.ts'],
    testName: 'keeps no secret in clear',
  },
  {
    name: 'shown once: the vault writes its text down unsealed',
    file: `${SERVER}/app/minting.ts`,
    find: 'sealed: app.vault.seal(text, options.owner, id),',
    replace: "sealed: `sealed.${Buffer.from(text).toString('base64url')}`,",
    tests: [`${SERVER}/dialects/native/native.test.ts`],
  },
  {
    name: 'tenants are walls: an endpoint is found whoever owns it',
    file: `${SERVER}/store/sqlite/reader/endpoints.ts`,
    find: 'return found?.endpoint.organizationId === organizationId ? found : null;',
    replace: 'return found !== null && organizationId !== null ? found : null;',
    tests: [`${SERVER}/store/sqlite/contract.test.ts`],
  },
  {
    name: 'no endpoint slows another: lanes that hang may take the whole budget',
    file: `${SERVER}/engine/budget.ts`,
    find: '{ healthy: 1, erring: 1 / 8, unproven: 3 / 8, failing: 1 / 4 }',
    replace: '{ healthy: 1, erring: 1, unproven: 1, failing: 1 }',
    tests: [`${SERVER}/engine/fairness.test.ts`, `${SERVER}/engine/isolation.test.ts`],
  },
  {
    name: 'no endpoint slows another: a slow lane holds as much memory as a fast one',
    file: `${SERVER}/engine/lane.ts`,
    find: 'const HELD_SECONDS_MAX = 2;',
    replace: 'const HELD_SECONDS_MAX = 1e9;',
    tests: [`${SERVER}/engine/isolation.test.ts`],
  },
  {
    name: 'attempts are history: an attempt after a lost lease is not kept',
    file: `${SERVER}/store/sqlite/writer/record.ts`,
    find: 'if (row === undefined) return { owned: false, bytes };',
    replace: 'if (row === undefined || row[2] !== incarnation) return { owned: false, bytes };',
    tests: [`${SERVER}/store/sqlite/contract.test.ts`],
  },
  {
    name: 'private networks are closed: every address is let through',
    file: `${SERVER}/net/address-policy.ts`,
    find: 'return isOpened(address, opened) || isGlobalUnicast(address);',
    replace: 'return isOpened(address, opened) || isGlobalUnicast(address) || true;',
    tests: [`${SERVER}/net`],
  },
  {
    name: 'read your writes: fan-out is not told of a new endpoint',
    file: `${SERVER}/engine/directory.ts`,
    find: 'return this.endpoints.apply(change);',
    replace: 'return null;',
    tests: [`${SERVER}/engine`],
  },
  {
    name: 'read your writes: a revoked API key goes on opening',
    file: `${SERVER}/engine/directory.ts`,
    find: 'this.#apiKeys.forgetWhere((known) => known.id === change.id);',
    replace: '',
    tests: [`${SERVER}/dialects/native/native.test.ts`],
  },
];
