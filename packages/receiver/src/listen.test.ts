import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { lineOf, runListen } from './listen.ts';
import type { ReceivedRequest } from './request.ts';

const FIXED = { number: 1, method: 'POST', path: '/', target: '/', connection: 1, at: 1_764_000_003_900 };

function delivery(headers: Record<string, string>, body = '{}'): ReceivedRequest {
  return { ...FIXED, headers: Object.entries(headers), body: Buffer.from(body) };
}

describe('the line of a delivery', () => {
  it('tells time, type, id, verdict, delay and size', () => {
    const request = delivery({ 'webhook-event-type': 'a.b', 'Webhook-Id': 'evt_1', 'webhook-timestamp': '1764000001' });
    const columns = lineOf(request, { ok: true, keyId: 'sec_1' }).split(/ {2,}/);
    expect(columns).toEqual(['2025-11-24T16:00:03.900Z', 'a.b', 'evt_1', 'verified by sec_1', '2 s', '2 B']);
  });

  it('finds the type in the body when no header has it', () => {
    expect(lineOf(delivery({}, '{"type":"loan.signed"}'), null)).toContain('  loan.signed ');
    expect(lineOf(delivery({}, '{"type":1}'), null)).toMatch(/Z {2}- .* unverified {2}- {2}10 B$/);
    expect(lineOf(delivery({}, 'not json'), { ok: true })).toContain('  verified  ');
  });

  it('shows rejections, and a timestamp from the future', () => {
    const request = delivery({ 'webhook-timestamp': '1764000010' });
    expect(lineOf(request, { ok: false, reason: 'No matching signature' })).toContain(
      '  REJECTED No matching signature  7 s ahead',
    );
  });

  it('lets no sender steer the terminal or fill it', () => {
    const request = delivery({ 'webhook-event-type': '\u001b[2Jx\u009b', 'webhook-id': 'i'.repeat(5_000) });
    const line = lineOf(request, { ok: false, reason: 'a\nb' });
    expect(line).toMatch(/^[\x20-\x7e]{1,300}$/);
    expect(line).toContain('?[2Jx?');
  });
});

describe('listening', () => {
  it('prints where it listens and one line for each delivery, and echoes the key that verified', async () => {
    let text = '';
    const output = new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    });
    await using receiver = await runListen({
      output,
      verify: (request) =>
        request.path === '/good' ? { ok: true, keyId: 'sec_9' } : { ok: false, reason: 'wrong signature' },
    });
    const good = await fetch(receiver.url('/good'), { method: 'POST', headers: { 'webhook-id': 'evt_7' }, body: '{}' });
    const bad = await fetch(receiver.url('/bad'), { method: 'POST', body: '{}' });
    expect([good.status, good.headers.get('webhook-verified-key')]).toEqual([204, 'sec_9']);
    expect([bad.status, bad.headers.get('webhook-verified-key')]).toEqual([401, null]);
    const lines = text.split('\n');
    expect(lines[0]).toBe(`Listening on ${receiver.url()}`);
    expect(lines[1]).toContain('evt_7  verified by sec_9');
    expect(lines[2]).toContain('REJECTED wrong signature');
    expect(lines).toHaveLength(4);
  });
});
