import type { Random, Timers } from '../../domain/clock.ts';

/** A connection of its own on which notifications arrive. */
export type ListenConnection = {
  /** Sends one to all who listen, this connection included. Rejects when the connection does not work. */
  notify(channel: string): Promise<void>;
  end(): Promise<void>;
};

export type Connect = (on: {
  readonly channels: readonly string[];
  readonly notified: (channel: string) => void;
  /** It broke. Not after `end`. */
  readonly ended: () => void;
}) => Promise<ListenConnection>;

export type ListenerTelemetry = {
  /** Notifications do not arrive although the connection works: a pooler stands between, for example. */
  readonly notificationsMissing?: () => void;
  readonly notificationsArrive?: () => void;
};

export type ListenerOptions = {
  readonly connect: Connect;
  readonly timers: Timers;
  readonly random: Random;
  readonly channels: readonly string[];
  /** Something was notified, or may have been while nobody listened. */
  readonly onNotified: (channel: string) => void;
  readonly telemetry?: ListenerTelemetry | null;
};

/** A channel that nobody else has: how a listener finds out whether it hears. */
const PROBE_PREFIX = 'hookring_probe_';
const PROBE_MS = 30_000;
/** A notification that takes longer does not arrive. */
const PROBE_WAIT_MS = 5_000;
const BACKOFF_MS_MIN = 100;
const BACKOFF_MS_MAX = 10_000;

/**
 * Hears what other nodes notify. Everything it hears is found by a poll, too, a little later: so it may be deaf for any
 * time without harm, and says once when it is.
 *
 * It is connecting, listening, or waiting before it connects again; stopped from any of them, for good. Each time that
 * it begins to listen it takes every channel for notified.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #probe: string;
  #connection: ListenConnection | null = null;
  #timer: { cancel(): void } | null = null;
  #backoffMs = BACKOFF_MS_MIN;
  /** Since the last probe was sent. */
  #heard = false;
  #isDeaf = false;
  #stopped = false;
  #connecting: Promise<void> | null = null;
  /** Which connection speaks: what an earlier one still says is not heard. */
  #turn = 0;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#probe = `${PROBE_PREFIX}${Math.floor(options.random() * 2 ** 48).toString(36)}`;
  }

  start(): void {
    this.#connect();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#connecting;
    await this.#drop();
  }

  #connect(): void {
    this.#connecting = this.#open().finally(() => {
      this.#connecting = null;
    });
  }

  async #open(): Promise<void> {
    const { connect, channels } = this.#options;
    this.#turn += 1;
    const turn = this.#turn;
    const isCurrent = (): boolean => this.#turn === turn && !this.#stopped;
    try {
      const connection = await connect({
        channels: [...channels, this.#probe],
        notified: (channel) => {
          if (isCurrent()) this.#notified(channel);
        },
        ended: () => {
          if (isCurrent()) this.#connectLater();
        },
      });
      if (!isCurrent()) {
        await connection.end().catch(() => {});
        return;
      }
      this.#connection = connection;
      this.#backoffMs = BACKOFF_MS_MIN;
      for (const channel of channels) this.#options.onNotified(channel);
      this.#probeNow();
    } catch {
      if (isCurrent()) this.#connectLater();
    }
  }

  #connectLater(): void {
    this.#turn += 1;
    void this.#drop();
    if (this.#stopped) return;
    this.#timer?.cancel();
    const delayMs = this.#backoffMs * (0.5 + this.#options.random());
    this.#backoffMs = Math.min(BACKOFF_MS_MAX, this.#backoffMs * 2);
    this.#timer = this.#options.timers.setTimeout(() => this.#connect(), delayMs);
  }

  async #drop(): Promise<void> {
    const connection = this.#connection;
    this.#connection = null;
    await connection?.end().catch(() => {});
  }

  #notified(channel: string): void {
    if (channel !== this.#probe) {
      this.#options.onNotified(channel);
      return;
    }
    this.#heard = true;
    if (!this.#isDeaf) return;
    this.#isDeaf = false;
    this.#options.telemetry?.notificationsArrive?.();
  }

  /** Notifies itself, and looks later whether that arrived. */
  #probeNow(): void {
    const connection = this.#connection;
    if (connection === null) return;
    this.#heard = false;
    let sent: boolean | null = null;
    const turn = this.#turn;
    connection.notify(this.#probe).then(
      () => (sent = true),
      () => (sent = false),
    );
    this.#timer?.cancel();
    this.#timer = this.#options.timers.setTimeout(() => {
      if (this.#turn !== turn || this.#stopped) return;
      // The connection itself does not answer, or refused: another one may.
      if (sent !== true) this.#connectLater();
      else this.#rest();
    }, PROBE_WAIT_MS);
  }

  #rest(): void {
    if (!this.#heard && !this.#isDeaf) {
      this.#isDeaf = true;
      this.#options.telemetry?.notificationsMissing?.();
    }
    this.#timer = this.#options.timers.setTimeout(() => this.#probeNow(), PROBE_MS);
  }
}
