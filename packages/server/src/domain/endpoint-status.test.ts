import { describe, expect, it } from 'vitest';
import { type Endpoint, type EndpointHealth, UNTRIED } from './endpoint.ts';
import {
  archiveEndpoint,
  type EndpointMove,
  healthAfter,
  mergeEndpoint,
  resumeEndpoint,
  shouldSuspend,
  suspendEndpoint,
  suspensionAfter,
} from './endpoint-status.ts';
import { NATIVE_ROTATION_POLICY } from './rotation-policy.ts';

const HOUR = 3_600_000;

function endpoint(more: Partial<Endpoint> = {}): Endpoint {
  const rest: Partial<Endpoint> = {
    id: 'ep_00000000000000000000000000',
    organizationId: 'org_00000000000000000000000000',
    url: 'https://example.com/hook',
    eventTypes: ['a.b'],
    description: '',
    status: { kind: 'active' },
    headers: [],
    metadata: { team: 'x' },
    keyring: 'own',
    retrySchedule: null,
    sendDeadlineSeconds: null,
    concurrency: null,
    ratePerSecond: null,
    envelope: null,
    rotationPolicy: NATIVE_ROTATION_POLICY,
    catalogue: null,
    extra: {},
    version: 3,
    createdAt: 100,
    updatedAt: 200,
  };
  return { ...rest, ...more } as Endpoint; // The signature profile plays no part here.
}

const suspended = endpoint({ status: { kind: 'suspended', reason: 'failing', at: 150 } });
const archived = endpoint({ status: { kind: 'archived', at: 150 } });

function after(move: EndpointMove) {
  if (move.kind !== 'changed') throw new Error(move.kind);
  return move;
}

describe('the status of an endpoint', () => {
  it('goes from active to suspended and back, with clean counters and its held deliveries due', () => {
    const down = after(suspendEndpoint(endpoint(), 'gone', 300));
    expect(down.endpoint).toMatchObject({
      status: { kind: 'suspended', reason: 'gone', at: 300 },
      version: 4,
      updatedAt: 300,
    });
    expect(down).toMatchObject({ resetHealth: false, wake: false, cancelQueued: false });
    const up = after(resumeEndpoint(down.endpoint, 400));
    expect(up.endpoint).toMatchObject({ status: { kind: 'active' }, version: 5 });
    expect(up).toMatchObject({ resetHealth: true, wake: true, cancelQueued: false });
  });

  it('keeps the first reason and time when it is suspended again, and stays active when it is', () => {
    expect(suspendEndpoint(suspended, 'manual', 300)).toEqual({ kind: 'unchanged', endpoint: suspended });
    expect(resumeEndpoint(endpoint(), 300).kind).toBe('unchanged');
  });

  it('ends with archived, which cancels what is queued', () => {
    for (const from of [endpoint(), suspended]) {
      const move = after(archiveEndpoint(from, 300));
      expect(move.endpoint.status).toEqual({ kind: 'archived', at: 300 });
      expect(move).toMatchObject({ cancelQueued: true, wake: false, resetHealth: false });
    }
    expect(archiveEndpoint(archived, 300)).toEqual({ kind: 'unchanged', endpoint: archived });
    expect(resumeEndpoint(archived, 300)).toMatchObject({ kind: 'refused', code: 'endpoint_archived' });
    expect(suspendEndpoint(archived, 'failing', 300)).toMatchObject({ kind: 'refused', code: 'endpoint_archived' });
  });

  it('never sets the time of the row back', () => {
    expect(after(suspendEndpoint(endpoint(), 'manual', 50)).endpoint.updatedAt).toBe(200);
  });
});

describe('a merge patch', () => {
  it('changes what it names, also to null, and nothing else', () => {
    const before = endpoint();
    const move = after(
      mergeEndpoint(before, { url: 'https://example.org/', eventTypes: null, description: undefined }, 300),
    );
    expect(move.endpoint).toEqual({
      ...before,
      url: 'https://example.org/',
      eventTypes: null,
      version: 4,
      updatedAt: 300,
    });
  });

  it('that changes nothing makes no new version', () => {
    expect(mergeEndpoint(endpoint(), {}, 300).kind).toBe('unchanged');
    expect(
      mergeEndpoint(endpoint(), { url: 'https://example.com/hook', metadata: { team: 'x' }, status: 'active' }, 300)
        .kind,
    ).toBe('unchanged');
    expect(mergeEndpoint(endpoint({ metadata: { a: '1', b: '2' } }), { metadata: { b: '2', a: '1' } }, 300).kind).toBe(
      'unchanged',
    );
    expect(mergeEndpoint(endpoint(), { eventTypes: ['a.c'] }, 300).kind).toBe('changed');
  });

  it('moves the status; a suspension that a person asks for is manual', () => {
    expect(after(mergeEndpoint(endpoint(), { status: 'suspended' }, 300)).endpoint.status).toEqual({
      kind: 'suspended',
      reason: 'manual',
      at: 300,
    });
    expect(after(mergeEndpoint(suspended, { status: 'active' }, 300))).toMatchObject({ resetHealth: true, wake: true });
    expect(after(mergeEndpoint(endpoint(), { status: 'archived' }, 300)).cancelQueued).toBe(true);
  });

  it('is refused by an archived endpoint, but for archiving it again', () => {
    for (const patch of [
      {},
      { description: 'x' },
      { status: 'active' },
      { status: 'archived', description: 'x' },
    ] as const) {
      expect(mergeEndpoint(archived, patch, 300)).toMatchObject({ kind: 'refused', code: 'endpoint_archived' });
    }
    expect(mergeEndpoint(archived, { status: 'archived' }, 300).kind).toBe('unchanged');
  });
});

describe('the health of an endpoint', () => {
  const failing: EndpointHealth = {
    consecutiveFailures: 3,
    failingSince: 1_000,
    lastSuccessAt: 500,
    lastFailureAt: 1_200,
  };

  it('counts failures since the first of them', () => {
    const one = healthAfter(UNTRIED, { successAt: null, failureAt: 10, failures: 1, firstFailureAt: 10 });
    expect(one).toEqual({ consecutiveFailures: 1, failingSince: 10, lastSuccessAt: null, lastFailureAt: 10 });
    expect(healthAfter(failing, { successAt: null, failureAt: 2_000, failures: 4, firstFailureAt: 1_500 })).toEqual({
      consecutiveFailures: 7,
      failingSince: 1_000,
      lastSuccessAt: 500,
      lastFailureAt: 2_000,
    });
  });

  it('starts again after a success, with the failures that followed it', () => {
    expect(healthAfter(failing, { successAt: 1_500, failureAt: null, failures: 0, firstFailureAt: null })).toEqual({
      consecutiveFailures: 0,
      failingSince: null,
      lastSuccessAt: 1_500,
      lastFailureAt: 1_200,
    });
    const again = healthAfter(failing, { successAt: 1_500, failureAt: 1_700, failures: 2, firstFailureAt: 1_600 });
    expect(again).toMatchObject({ consecutiveFailures: 2, failingSince: 1_600 });
  });

  it('suspends after enough failures over enough time, both', () => {
    const health = (consecutiveFailures: number, failingSince: number | null): EndpointHealth => ({
      ...UNTRIED,
      consecutiveFailures,
      failingSince,
    });
    const rule = { attempts: 20, hours: 12 };
    expect(shouldSuspend(health(20, 0), rule, 12 * HOUR)).toBe(true);
    expect(shouldSuspend(health(19, 0), rule, 12 * HOUR)).toBe(false);
    expect(shouldSuspend(health(5_000, 0), rule, 12 * HOUR - 1)).toBe(false);
    expect(shouldSuspend(health(20, 0), { attempts: 20, hours: 0 }, 0)).toBe(true);
    expect(shouldSuspend(health(20, 0), { attempts: 0, hours: 0 }, 99 * HOUR)).toBe(false);
  });

  it('suspends at once when the receiver says that it is gone', () => {
    const rule = { attempts: 20, hours: 12 };
    expect(suspensionAfter(UNTRIED, 410, rule, 0)).toBe('gone');
    expect(suspensionAfter(UNTRIED, 500, rule, 0)).toBeNull();
    expect(suspensionAfter({ ...UNTRIED, consecutiveFailures: 20, failingSince: 0 }, 500, rule, 12 * HOUR)).toBe(
      'failing',
    );
  });
});
