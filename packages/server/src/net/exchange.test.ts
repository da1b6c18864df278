import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';
import { WheelDriver } from './deadline-wheel.ts';
import { Exchange } from './exchange.ts';
import type { SendResult } from './sender.ts';

function begin() {
  const monotonic = () => performance.now();
  const context = { dispatching: null, ending: null, reading: null, openSockets: 0 };
  const results: SendResult[] = [];
  const request = {
    url: new URL('https://example.com/'),
    headers: [],
    body: new Uint8Array(0),
    deadlineMs: 60_000,
    capture: 'failures',
  } as const;
  const wheel = new WheelDriver(monotonic);
  const exchange = new Exchange({ wheel, context, monotonic }, request, (result) => results.push(result));
  return { exchange, results };
}

function controller() {
  const state = { aborts: 0 };
  // Only `abort` and the raw headers are used.
  const fake = { rawHeaders: [], abort: () => (state.aborts += 1) } as unknown as Dispatcher.DispatchController;
  return { state, fake };
}

describe('Exchange', () => {
  it('does not let a request out that was given up before its connection was there', () => {
    const { exchange, results } = begin();
    exchange.expire();
    const { state, fake } = controller();
    exchange.onRequestStart(fake);
    expect([state.aborts, results.map((result) => result.kind)]).toEqual([1, ['failure']]);
  });

  it('does not let a request out twice', () => {
    const { exchange, results } = begin();
    const [first, second] = [controller(), controller()];
    exchange.onRequestStart(first.fake);
    exchange.onRequestStart(second.fake);
    expect([first.state.aborts, second.state.aborts, results.length]).toEqual([0, 1, 0]);
    exchange.expire();
  });

  it('settles once, whatever comes after', async () => {
    const { exchange, results } = begin();
    const { fake } = controller();
    exchange.onRequestStart(fake);
    exchange.onResponseStarted();
    exchange.onResponseStart(fake, 200, {});
    exchange.onResponseEnd();
    exchange.expire();
    exchange.onResponseError(fake, new Error('late'));
    exchange.onResponseData(fake, new Uint8Array(1_000_000));
    exchange.onResponseEnd();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(results).toMatchObject([{ kind: 'response', status: 200 }]);
  });
});
