import { describe, expect, it } from 'vitest';
import { VirtualTime } from '../../engine/testing/virtual-time.ts';
import { type Connect, Listener } from './listener.ts';

const CHANNELS = ['changes', 'due'];

/** A database with connections that can be refused, broken, deaf or mute. */
class Server {
  readonly time = new VirtualTime(0);
  readonly notified: string[] = [];
  readonly told: string[] = [];
  readonly connectedAt: number[] = [];
  refuses = false;
  /** Notifications do not arrive. */
  isDeaf = false;
  /** Nothing is answered. */
  isMute = false;
  open = 0;
  #hear: ((channel: string) => void) | null = null;
  #break: (() => void) | null = null;
  #channels: readonly string[] = [];

  readonly connect: Connect = async ({ channels, notified, ended }) => {
    this.connectedAt.push(this.time.monotonic());
    if (this.refuses) throw new Error('refused');
    this.open += 1;
    this.#hear = notified;
    this.#break = ended;
    this.#channels = channels;
    return {
      notify: async (channel) => {
        if (this.isMute) await new Promise(() => {});
        this.notify(channel);
      },
      end: async () => {
        this.open -= 1;
      },
    };
  };

  readonly listener = new Listener({
    connect: this.connect,
    timers: this.time,
    random: () => 0.5,
    channels: CHANNELS,
    onNotified: (channel) => void this.notified.push(channel),
    telemetry: {
      notificationsMissing: () => void this.told.push('missing'),
      notificationsArrive: () => void this.told.push('arrive'),
    },
  });

  notify(channel: string): void {
    if (!this.isDeaf && this.#channels.includes(channel)) this.#hear?.(channel);
  }

  breakDown(): void {
    this.#break?.();
  }

  async begin(): Promise<this> {
    this.listener.start();
    await this.time.advance(0);
    return this;
  }

  async end(): Promise<void> {
    const stopped = this.listener.stop();
    await this.time.advance(0);
    await stopped;
    expect(this.open).toBe(0);
    expect(this.time.pending).toBe(0);
  }
}

describe('a listener', () => {
  it('takes everything for notified when it begins to listen, then hears each notification', async () => {
    const server = await new Server().begin();
    expect(server.notified).toEqual(CHANNELS);
    server.notify('due');
    server.notify('of somebody else');
    expect(server.notified).toEqual([...CHANNELS, 'due']);
    await server.time.advance(300_000);
    expect(server.told).toEqual([]);
    expect(server.notified).toHaveLength(3);
    await server.end();
  });

  it('connects again when its connection breaks, and asks for what it missed', async () => {
    const server = await new Server().begin();
    server.breakDown();
    await server.time.advance(1_000);
    expect(server.notified).toEqual([...CHANNELS, ...CHANNELS]);
    expect(server.open).toBe(1);
    await server.end();
  });

  it('waits longer and longer while it is refused, but never longer than 15 seconds', async () => {
    const server = new Server();
    server.refuses = true;
    await server.begin();
    await server.time.advance(120_000);
    const pauses = server.connectedAt.slice(1).map((at, index) => at - (server.connectedAt[index] ?? 0));
    expect(pauses.slice(0, 3)).toEqual([100, 200, 400]);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(15_000);
    expect(pauses.at(-1)).toBe(10_000);
    server.refuses = false;
    await server.time.advance(10_000);
    expect(server.notified).toEqual(CHANNELS);
    await server.end();
  });

  it('says once that notifications do not arrive, and once that they do again', async () => {
    const server = new Server();
    server.isDeaf = true;
    await server.begin();
    await server.time.advance(300_000);
    expect(server.told).toEqual(['missing']);
    expect(server.open).toBe(1);
    server.isDeaf = false;
    await server.time.advance(300_000);
    expect(server.told).toEqual(['missing', 'arrive']);
    await server.end();
  });

  it('takes another connection for one that does not answer', async () => {
    const server = await new Server().begin();
    server.isMute = true;
    await server.time.advance(40_000);
    server.isMute = false;
    await server.time.advance(40_000);
    expect(server.connectedAt.length).toBeGreaterThan(1);
    expect(server.open).toBe(1);
    expect(server.told).toEqual([]);
    await server.end();
  });

  it('hears nothing more once it was stopped, and leaves nothing behind', async () => {
    const server = await new Server().begin();
    await server.end();
    server.notify('due');
    server.breakDown();
    await server.time.advance(60_000);
    expect(server.notified).toEqual(CHANNELS);
    expect(server.connectedAt).toHaveLength(1);
  });
});
