import { INVARIANTS, type Invariant } from '../../simulation/model/violation.ts';

/** One promise broken on purpose: the text `find` stands exactly once in `file`. */
export type Mutation = {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Test files that must notice. */
  readonly tests: readonly string[];
  readonly testName?: string;
  /** What they must say; without it, any failure will do. */
  readonly says?: string;
};

const SERVER = 'packages/server/src';
const DIALECTS = `${SERVER}/dialects`;

/** The simulation runs a few worlds that are always the same; each of these breaks something that it must find there. */
const SIMULATED = ['simulation/fixed-seed.test.ts'];

/** A promise broken on purpose, which the simulation must find broken, and no other before it. */
function simulated(invariant: Invariant, how: string, broken: Pick<Mutation, 'file' | 'find' | 'replace'>): Mutation {
  const says = INVARIANTS[invariant];
  return { name: `simulated: ${says}: ${how}`, ...broken, tests: SIMULATED, says: `${says}: ` };
}

/** The promises again, as the simulation sees them: by what comes out, whatever part broke. */
const IN_SIMULATION: readonly Mutation[] = [
  simulated('durable', 'a call is answered before its commit', {
    file: `${SERVER}/engine/accept.ts`,
    find: 'result = await this.#tools.store.accept({ events: draft.events, idempotency: row, endpointsVersion });',
    replace:
      "void this.#tools.store.accept({ events: draft.events, idempotency: row, endpointsVersion }).catch(() => {}); result = { kind: 'accepted', outcomes: draft.events.map(() => ({ kind: 'stored' as const })) };",
  }),
  simulated('durable', 'results that the store refuses are dropped', {
    file: `${SERVER}/engine/recorder.ts`,
    find: "if (!(error instanceof StoreUnavailable)) return { kind: 'defect', error };",
    replace: "return error instanceof StoreUnavailable ? DONE : { kind: 'defect', error };",
  }),
  simulated('recorded', 'a delivery stays in the queue', {
    file: `${SERVER}/store/sqlite/writer/record.ts`,
    find: '      deleteQueued.run(delivery);',
    replace: '      requeue.run(at, delivery);',
  }),
  simulated('recorded', 'a node that was silent for too long goes on sending', {
    file: `${SERVER}/engine/currency-gate.ts`,
    find: 'return goodUntil === Number.POSITIVE_INFINITY || this.#clock.monotonic() < goodUntil;',
    replace: 'return goodUntil === Number.POSITIVE_INFINITY || this.#clock.monotonic() >= 0;',
  }),
  simulated('signed', 'a secret that was retired goes on signing', {
    file: `${SERVER}/engine/signers.ts`,
    find: 'const secrets = signingSecrets(ring.ring, now);',
    replace: 'const secrets = ring.ring.secrets.filter(({ signsFrom }) => signsFrom !== null && signsFrom <= now);',
  }),
  simulated('signed', 'only the first secret signs', {
    file: `${SERVER}/engine/signers.ts`,
    find: 'const secrets = signingSecrets(ring.ring, now);',
    replace: 'const secrets = signingSecrets(ring.ring, now).slice(0, 1);',
  }),
  simulated('atomic', 'a rotation is answered although another one came before its commit', {
    file: `${SERVER}/app/submit.ts`,
    find: "if (applied.kind === 'applied') return done(decision.value);",
    replace: "if (applied.kind !== 'late') return done(decision.value);",
  }),
  simulated('prompt', 'a signer is kept past the time of its secrets', {
    file: `${SERVER}/engine/signers.ts`,
    find: 'cached.from <= now && now < cached.until',
    replace: 'cached.from <= now',
  }),
  simulated('prompt', 'what other nodes did to a ring is not heard of', {
    file: `${SERVER}/engine/directory.ts`,
    find: '        this.#takeRing(change.ring);',
    replace: '        void change.ring;',
  }),
  simulated('prompt', 'a rotation is answered before it is in force', {
    file: `${SERVER}/app/rotate.ts`,
    find: 'if (!isAlone) await inForce(app, effectiveAt);',
    replace: 'void effectiveAt;',
  }),
  simulated('shown', 'a secret leaves in a header', {
    file: `${SERVER}/engine/signed-request.ts`,
    find: '  for (const text of target.staticHeaders) headers.push(text);',
    replace:
      "  for (const text of target.staticHeaders) headers.push(text);\n  for (const one of ring.ring.secrets) if (one.sealed !== null) headers.push('webhook-debug', settings.vault.unseal(one.sealed, ring.ring.owner, one.id));",
  }),
  simulated('walls', "another organization's endpoint is found by its id", {
    file: `${SERVER}/app/own-endpoint.ts`,
    find: ": refused('not_found', 'no such endpoint');",
    replace:
      ": refused('not_found', (await app.store.reader.endpointById(id)) === null ? 'no such endpoint' : 'not your endpoint');",
  }),
  simulated('walls', "another organization's endpoint is read", {
    file: `${SERVER}/store/sqlite/reader/endpoints.ts`,
    find: 'return found?.endpoint.organizationId === organizationId ? found : null;',
    replace: "return organizationId === 'org_' ? null : found;",
  }),
  simulated('isolated', 'requests in flight have one bound that does not ask who hangs', {
    file: `${SERVER}/engine/dispatch.ts`,
    find: 'if (!this.#running || this.#hooks.isBlocked()) return;',
    replace: 'if (!this.#running || this.#hooks.isBlocked() || this.inFlight >= 64) return;',
  }),
  simulated('history', 'an attempt on a kept connection that had died is not kept', {
    file: `${SERVER}/engine/recorder.ts`,
    find: 'if (lost !== null) {',
    replace: 'if (lost !== null && lost === undefined) {',
  }),
  simulated('closed', 'an address may stand where a name must', {
    file: `${SERVER}/domain/endpoint-url.ts`,
    find: 'if (rules.allowPrivate.matches(literal)) return accept(url);',
    replace: 'if (literal !== null) return accept(url);',
  }),
  simulated('current', 'an event is stored although the endpoints are others by now', {
    file: `${SERVER}/engine/accept.ts`,
    find: 'result = await this.#tools.store.accept({ events: draft.events, idempotency: row, endpointsVersion });',
    replace:
      'result = await this.#tools.store.accept({ events: draft.events, idempotency: row, endpointsVersion: endpointsVersion === -1 ? endpointsVersion : null });',
  }),
  simulated('current', 'a suspended endpoint is sent to', {
    file: `${SERVER}/engine/endpoint-state.ts`,
    find: "return this.endpoint.status.kind === 'active';",
    replace: "return this.endpoint.status.kind !== 'archived';",
  }),
  simulated('leased', 'a claim takes what another holds', {
    file: `${SERVER}/store/sqlite/writer/claim.ts`,
    find: 'WHERE q.endpoint = ? AND q.lease IS NULL AND q.due_at <= ?',
    replace: 'WHERE q.endpoint = ? AND q.due_at <= ?',
  }),
  simulated('once', 'a receiver that took a delivery is asked again', {
    file: `${SERVER}/engine/attempts.ts`,
    find: '      return this.#finish(live, signed, result, startedAt, lost);\n',
    replace:
      "      if (result.kind === 'response' && lost === null) {\n        lost = { signed, result, startedAt };\n        continue;\n      }\n      return this.#finish(live, signed, result, startedAt, lost);\n",
  }),
  simulated('sound', 'a sealed secret is opened as that of another owner', {
    file: `${SERVER}/store/vault.ts`,
    find: 'decipher.setAAD(binding(owner, id));',
    replace: "decipher.setAAD(binding('org_00000000000000000000000000', id));",
  }),
];

/** In the order of the promises in ARCHITECTURE.md, then what dialects promise. */
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
    find: 'result = await this.#tools.store.accept({ events: draft.events, idempotency: row, endpointsVersion });',
    replace:
      "void this.#tools.store.accept({ events: draft.events, idempotency: row, endpointsVersion }).catch(() => {}); result = { kind: 'accepted', outcomes: draft.events.map(() => ({ kind: 'stored' as const })) };",
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
    find: 'SET version = ? WHERE owner = ? AND version = ?',
    replace: 'SET version = ? WHERE owner = ? AND version IS NOT ?',
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
    name: 'live means signed: a profile is given that its ring, rotated elsewhere meanwhile, cannot sign',
    file: `${SERVER}/app/ring-owner.ts`,
    find: "return done([{ kind: 'keyring.expect', owner, version: ring.version }]);",
    replace: 'return done([]);',
    tests: [`${SERVER}/app/profile-fit.test.ts`],
  },
  {
    name: 'live means signed: a ring is rotated to what its endpoint, changed elsewhere meanwhile, cannot sign',
    file: `${SERVER}/app/ring-owner.ts`,
    find: "return done({ commands: [{ kind: 'endpoint.expect', endpointId, version }], options: {} });",
    replace: 'return done({ commands: [], options: {} });',
    tests: [`${SERVER}/app/profile-fit.test.ts`],
  },
  {
    name: 'no two nodes hold one lease: after a pause of the database the first node that looks counts all others for dead',
    file: `${SERVER}/store/postgres/steadiness.ts`,
    find: 'mayHaveBeenAway <= PAUSE_MS_MAX && went >= 0 && went <= PAUSE_MS_MAX',
    replace: 'mayHaveBeenAway >= 0 && went >= 0',
    tests: [`${SERVER}/store/postgres/steadiness.test.ts`],
  },
  {
    name: 'no two nodes hold one lease: a lane claims while it is in doubt what was given back',
    file: `${SERVER}/engine/lane.ts`,
    find: 'this.doubts === 0 &&',
    replace: 'this.doubts >= 0 &&',
    tests: [`${SERVER}/engine/crowded-lanes.test.ts`],
  },
  {
    name: 'no two nodes hold one lease: what was lost is claimed again before it is settled',
    file: `${SERVER}/engine/create-engine.ts`,
    find: 'refill.holdWhile(lateOnesSettled());',
    replace: 'void lateOnesSettled();',
    tests: [`${SERVER}/engine/lost-leases.test.ts`],
  },
  {
    name: 'a rotation is prompt: memory is not told of a changed ring',
    file: `${SERVER}/engine/directory.ts`,
    find: 'this.#takeRing(change.ring);',
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
    find: 'if (held === null && row === undefined) return { owned: false, bytes };',
    replace: 'if (held === null && row?.[2] !== incarnation) return { owned: false, bytes };',
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
  {
    name: 'a dialect keeps its own rules: a rotation through it obeys the policy of the ring',
    file: `${SERVER}/domain/policy-choice.ts`,
    find: 'boundPolicy(dialect === null || imposed ? own : dialect, limits)',
    replace: 'boundPolicy(own, limits)',
    tests: [`${DIALECTS}/testing/cross-dialect.test.ts`],
  },
  {
    name: 'a dialect keeps its own rules: an enforced policy binds nobody',
    file: `${SERVER}/domain/policy-choice.ts`,
    find: 'const imposed = dialect !== null && own.enforced;',
    replace: 'const imposed = false;',
    tests: [`${DIALECTS}/testing/cross-dialect.test.ts`],
  },
  {
    name: "a dialect keeps its own rules: an enforced policy silently replaces a dialect's grace",
    file: `${SERVER}/app/rotate.ts`,
    find: 'graceAskedOf(dialectPolicy, app.settings.rotationLimits)',
    replace: 'graceSeconds',
    tests: [`${DIALECTS}/testing/cross-dialect.test.ts`],
    testName: 'an enforced policy of seconds',
  },
  {
    name: "a dialect keeps its own rules: the operator's longest grace does not bind it",
    file: `${SERVER}/domain/policy-choice.ts`,
    find: 'boundPolicy(dialect === null || imposed ? own : dialect, limits)',
    replace:
      'dialect === null || imposed ? boundPolicy(own, limits) : boundPolicy(dialect, { ...limits, graceSecondsMax: null })',
    tests: [`${DIALECTS}/moonborn/moonborn.test.ts`],
    testName: "over the operator's limit",
  },
  {
    name: 'a dialect keeps its own rules: Moonborn leaves an older retiring secret alive at a grace of 0',
    file: `${SERVER}/domain/rotate-keyring.ts`,
    find: "const cut = force || grace.ms === 0 || policy.onOverlap === 'replace';",
    replace: "const cut = force || policy.onOverlap === 'replace';",
    tests: [`${DIALECTS}/moonborn/moonborn.test.ts`],
    testName: 'without a grace cut everything older',
  },
  {
    name: "a dialect keeps its own rules: both secrets of AgentMessage's organization sign",
    file: `${DIALECTS}/agentmessage/agentmessage.ts`,
    find: "maxLive: 2, signWith: 'active'",
    replace: "maxLive: 2, signWith: 'live'",
    tests: [`${DIALECTS}/agentmessage/agentmessage.test.ts`],
  },
  {
    name: 'a dialect keeps its own rules: Dinie forgets the secret that an Idempotency-Key asks for again',
    file: `${SERVER}/domain/rotation-policy.ts`,
    find: 'recoveryMinutes: 1_440',
    replace: 'recoveryMinutes: 10',
    tests: [`${DIALECTS}/dinie/dinie.test.ts`],
  },
  {
    name: 'a dialect keeps its own rules: a failed test counts toward the auto-pause of thesignup',
    file: `${SERVER}/engine/test-send.ts`,
    find: 'return tell(event.id, signed.keyIds, await sender.send(signed.request));',
    replace:
      "const sent = await sender.send(signed.request); if (sent.kind === 'failure' || sent.status >= 300) directory.endpoints.peek(endpoint.id)?.count(false, now); return tell(event.id, signed.keyIds, sent);",
    tests: [`${DIALECTS}/signup/signup.test.ts`],
  },
  {
    name: 'a dialect keeps its own rules: a page of Dinie begins with the last item of the page before',
    file: `${SERVER}/store/sqlite/reader/endpoints.ts`,
    find: 'WHERE id = ?) AND e.id < ? ${condition}',
    replace: 'WHERE id = ?) AND e.id <= ? ${condition}',
    tests: [`${DIALECTS}/dinie/dinie.test.ts`],
  },
  {
    name: 'hidden is hidden: an archived endpoint is still read',
    file: `${SERVER}/app/endpoints.ts`,
    find: '(await ownEndpoint(app, caller, id, archived))',
    replace: "(await ownEndpoint(app, caller, id, 'shown'))",
    tests: [`${DIALECTS}/dinie/dinie.test.ts`],
  },
  {
    name: 'hidden is hidden: an archived endpoint is still listed',
    file: `${SERVER}/app/endpoints.ts`,
    find: "archived === 'shown' ? 'included' : 'excluded'",
    replace: "'included'",
    tests: [`${DIALECTS}/dinie/dinie.test.ts`],
  },
  {
    name: 'hidden is hidden: a change of an archived endpoint tells that it was there',
    file: `${SERVER}/app/endpoints.ts`,
    find: 'const found = await ownEndpoint(app, caller, id, archived);\n  if',
    replace: "const found = await ownEndpoint(app, caller, id, 'shown');\n  if",
    tests: [`${DIALECTS}/dinie/dinie.test.ts`],
  },
  {
    name: 'hidden is hidden: a rotation of an archived endpoint tells that it was there',
    file: `${SERVER}/app/ring-owner.ts`,
    find: 'owner as EndpointId, archived)',
    replace: "owner as EndpointId, 'shown')",
    tests: [`${DIALECTS}/testing/cross-dialect.test.ts`],
  },
  {
    name: 'hidden is hidden: the deliveries of an archived endpoint are still listed',
    file: `${SERVER}/app/deliveries.ts`,
    find: 'found.ok ? await listDeliveries(',
    replace: "(await ownEndpoint(app, caller, query.endpointId, 'shown')).ok ? await listDeliveries(",
    tests: [`${DIALECTS}/signup/signup.test.ts`],
  },
  {
    name: 'credentials open what they say: an access token outlives its revoked key',
    file: `${SERVER}/app/token-access.ts`,
    find: 'const refusal = refuseDeadKey(app, key);',
    replace: 'const refusal = null;',
    tests: [`${DIALECTS}/client-credentials.test.ts`],
  },
  {
    name: "credentials open what they say: an access token for one scope opens all of its key's",
    file: `${SERVER}/app/token-access.ts`,
    find: 'const scopes = new Set(grant.scopes.filter((scope) => key.scopes.includes(scope)));',
    replace: 'const scopes = new Set(key.scopes);',
    tests: [`${DIALECTS}/client-credentials.test.ts`],
  },
  {
    name: 'credentials open what they say: an access token of one dialect opens another',
    file: `${SERVER}/app/access-tokens.ts`,
    find: '          audience: dialect,\n',
    replace: '',
    tests: [`${DIALECTS}/client-credentials.test.ts`],
  },
  {
    name: 'credentials open what they say: any algorithm of a JWT will do',
    file: `${SERVER}/app/session-jwts.ts`,
    find: "const algorithms = key.kind === 'secret' ? SECRET_ALGORITHMS : PUBLIC_ALGORITHMS;",
    replace: "const algorithms = ['HS256', 'HS384', 'HS512', ...PUBLIC_ALGORITHMS];",
    tests: [`${SERVER}/app/session-jwts.test.ts`],
  },
  {
    name: 'credentials open what they say: a JWT of the secret is believed under each algorithm that knows secrets',
    file: `${SERVER}/app/session-jwts.ts`,
    find: "const SECRET_ALGORITHMS = ['HS256'];",
    replace: "const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'];",
    tests: [`${SERVER}/app/session-jwts.test.ts`],
  },
  {
    name: 'credentials open what they say: a JWT for another service opens this one',
    file: `${SERVER}/app/session-jwts.ts`,
    find: '    ...(audience === null ? {} : { audience }),\n',
    replace: '',
    tests: [`${SERVER}/app/session-jwts.test.ts`],
  },
  {
    name: 'credentials open what they say: every dialect counts the requests of a key for itself',
    file: `${SERVER}/http/mount.ts`,
    find: '.take(bucketOf(caller))',
    replace: '.take(`${mounted.surface.name} ${bucketOf(caller)}`)',
    tests: ['tests/product-peer-bugs.test.ts'],
    testName: 'are told the truth about their rate',
  },
  {
    name: 'credentials open what they say: the name of a scope opens more than it says',
    file: `${DIALECTS}/agentmessage/agentmessage.ts`,
    find: "'webhooks:read': ['endpoints:read', 'deliveries:read'],",
    replace: "'webhooks:read': ['endpoints:read', 'deliveries:read', 'endpoints:write'],",
    tests: [`${DIALECTS}/agentmessage/agentmessage.test.ts`],
  },
  {
    name: "credentials open what they say: the name of a scope that covers a part of a key's is said of it",
    file: `${SERVER}/domain/scope.ts`,
    find: 'meant.length > 0 && meant.every((scope) => scopes.has(scope))',
    replace: 'meant.some((scope) => scopes.has(scope))',
    tests: [`${SERVER}/domain/scope.test.ts`],
  },
  {
    name: 'shown once: what is kept of a secret stands in an endpoint',
    file: `${DIALECTS}/moonborn/mapping.ts`,
    find: '    secretId: ids.secret.encode(secret.id),\n',
    replace: '    ...secret,\n    secretId: ids.secret.encode(secret.id),\n',
    tests: [`${DIALECTS}/moonborn/moonborn.test.ts`],
    testName: 'is registered, shown its secret once',
  },
  {
    name: 'shown once: the material of a secret stands in an endpoint',
    file: `${DIALECTS}/operations/endpoint-view.ts`,
    find: '.map(viewSecret)',
    replace:
      '.map((secret) => ({ ...viewSecret(secret), id: app.vault.unseal(secret.sealed ?? secret.id, ring?.owner ?? endpoint.id, secret.id) as typeof secret.id }))',
    tests: ['tests/product-peer-bugs.test.ts'],
    testName: 'show through no product a secret',
  },
  {
    name: 'shown once: the Idempotency-Key of one caller is that of another',
    file: `${SERVER}/app/idempotency.ts`,
    find: 'const principal = `${caller.actor}@${caller.organizationId}`;',
    replace: "const principal = 'anyone';",
    tests: ['tests/product-peer-bugs.test.ts'],
    testName: 'keep the Idempotency-Keys of callers apart',
  },
  {
    name: 'shown once: an Idempotency-Key answers another body with the old secret',
    file: `${SERVER}/app/idempotency.ts`,
    find: 'if (found.fingerprint !== fingerprint) {',
    replace: 'if (found.fingerprint === null) {',
    tests: ['tests/product-peer-bugs.test.ts'],
    testName: 'keep the Idempotency-Keys of callers apart',
  },
  {
    name: 'shown once: of two operations under one Idempotency-Key, one is handed the answer of the other',
    file: `${DIALECTS}/operation.ts`,
    find: 'count === 1 ? request',
    replace: 'count > 0 ? request',
    tests: [`${DIALECTS}/operation.test.ts`],
    testName: 'several operations under one Idempotency-Key',
  },
  {
    name: 'tenants are walls: a delivery of another organization is found',
    file: `${SERVER}/store/sqlite/reader/deliveries.ts`,
    find: 'WHERE d.organization = (SELECT number FROM organizations WHERE id = ?) AND d.id = ?`',
    replace: 'WHERE ? IS NOT NULL AND d.id = ?`',
    tests: [`${DIALECTS}/native/native.test.ts`],
  },
  {
    name: 'tenants are walls: a delivery of another endpoint is sent again',
    file: `${SERVER}/app/deliveries.ts`,
    find: 'wantedOf !== null && wantedOf !== endpointId',
    replace: 'false',
    tests: [`${DIALECTS}/moonborn/moonborn.test.ts`],
    testName: 'finds no delivery of another endpoint',
  },
  {
    name: 'tenants are walls: a dialect on a host of its own shows the native API there',
    file: `${SERVER}/http/hosts.ts`,
    find: 'if (prefix === undefined) return target;',
    replace: "if (prefix === undefined || target.startsWith('/v1/')) return target;",
    tests: [`${DIALECTS}/testing/cross-mounts.test.ts`],
    testName: 'answers by its host name',
  },
  {
    name: 'tenants are walls: a host of its own leads to a surface that stands below its prefix',
    file: `${SERVER}/http/hosts.ts`,
    find: 'return surfaces.of(readByRouter(prefix + path)).prefix === prefix ? whole : `${prefix}/${asked}`;',
    replace: 'return whole;',
    tests: [`${SERVER}/http/hosts.test.ts`],
  },
  {
    name: 'tenants are walls: one token is a key of two organizations',
    file: `${SERVER}/store/sqlite/migrations/0001-first-tables.ts`,
    find: 'token_hash TEXT NOT NULL UNIQUE,',
    replace: 'token_hash TEXT NOT NULL,',
    tests: [`${SERVER}/app/keys.test.ts`],
  },
  {
    name: 'accepted is durable: retention removes an event that is owed',
    file: `${SERVER}/store/sqlite/retention-rule.ts`,
    find: "selectOwed.get(number(row['number'])) === undefined ? 'removable' : 'kept'",
    replace: "selectOwed.get(number(row['number'])) === undefined ? 'removable' : 'removable'",
    tests: [`${SERVER}/store/sqlite/contract.test.ts`],
  },
  {
    name: 'accepted is durable: a payload that is owed is erased',
    file: `${SERVER}/store/sqlite/writer/erase-event.ts`,
    find: 'if (selectOwed.get(event) !== undefined) return false;',
    replace: 'void selectOwed;',
    tests: [`${SERVER}/store/sqlite/contract.test.ts`],
  },
  {
    name: 'erased is gone: what is erased stays in the file',
    file: `${SERVER}/store/sqlite/writer/overwriting.ts`,
    find: "db.exec('PRAGMA secure_delete = ON');",
    replace: '',
    tests: [`${SERVER}/store/sqlite/erased-bytes.test.ts`],
  },
  {
    name: 'no endpoint slows another: hung ones keep every lane',
    file: `${SERVER}/engine/lanes.ts`,
    find: 'if (!mayLeave) continue;',
    replace: 'if (mayLeave || !mayLeave) continue;',
    tests: [`${SERVER}/engine/crowded-lanes.test.ts`],
  },
  {
    name: 'accepted is durable: a lane is closed and its endpoint forgotten',
    file: `${SERVER}/engine/lanes.ts`,
    find: 'if (isBehind) this.onClosedBehind(lane);',
    replace: 'void isBehind;',
    tests: [`${SERVER}/engine/crowded-lanes.test.ts`],
  },
  {
    name: 'the audit log is append-only: a line can be rewritten',
    file: `${SERVER}/store/sqlite/migrations/0002-audit-and-erasure.ts`,
    find: 'CREATE TRIGGER audit_keeps_words BEFORE UPDATE ON audit',
    replace: 'CREATE TRIGGER audit_keeps_words BEFORE UPDATE OF number ON audit',
    tests: [`${SERVER}/store/sqlite/audit.test.ts`],
  },
  {
    name: 'metrics are closed: anyone who reaches the port reads them',
    file: `${SERVER}/http/metrics-gate.ts`,
    find: 'if (!isLoopback(socket.remoteAddress)) return CLOSED;',
    replace: 'void socket;',
    tests: [`${SERVER}/http/metrics-gate.test.ts`],
  },
  {
    name: 'tenants are walls: an imported key of another organization is named',
    file: `${SERVER}/app/keys.ts`,
    find: 'const isOwn = key.organizationId === caller.organizationId;',
    replace: 'const isOwn = true;',
    tests: [`${SERVER}/app/keys.test.ts`],
  },
  ...IN_SIMULATION,
];
