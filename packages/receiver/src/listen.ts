import type { Writable } from 'node:stream';
import type { Script } from './behaviour.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { headerOf, type ReceivedRequest } from './request.ts';
import type { Verdict, Verify } from './verdicts.ts';

export type ListenOptions = {
  readonly output: Writable;
  readonly host?: string;
  readonly port?: number;
  /** Without one, deliveries are shown as unverified and answered 204. */
  readonly verify?: Verify;
  /** What every verified delivery gets. */
  readonly script?: Script;
  readonly now?: () => number;
};

const COLUMN_LENGTH_MAX = 80;
const BODY_READ_BYTES_MAX = 64 * 1024;
const UNPRINTABLE = /[^\x20-\x7e]/g;

/**
 * Receives deliveries and prints one line for each: time, event type, id, verdict, and how long after the signature's
 * timestamp it came. Answers with `webhook-verified-key` when the verifier knows the secret's id.
 */
export async function runListen(options: ListenOptions): Promise<Receiver> {
  const now = options.now ?? Date.now;
  const receiver = await startReceiver({
    now,
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.verify === undefined ? {} : { verify: options.verify }),
    ...(options.script === undefined ? {} : { otherwise: options.script }),
    onRequest: (request, verdict) => void options.output.write(`${lineOf(request, verdict)}\n`),
    answerHeaders: (_, verdict) => verifiedKey(verdict),
  });
  options.output.write(`Listening on ${receiver.url()}\n`);
  return receiver;
}

/** The line that is printed for one delivery. Nothing that a sender wrote can steer the terminal. */
export function lineOf(request: ReceivedRequest, verdict: Verdict | null): string {
  const columns = [
    new Date(request.at).toISOString(),
    (eventTypeOf(request) ?? '-').padEnd(24),
    headerOf(request, 'webhook-id') ?? '-',
    wordsOf(verdict),
    latencyOf(request),
    `${request.body.length} B`,
  ];
  return columns.map(printable).join('  ');
}

function wordsOf(verdict: Verdict | null): string {
  if (verdict === null) return 'unverified';
  if (!verdict.ok) return `REJECTED ${verdict.reason}`;
  return verdict.keyId ? `verified by ${verdict.keyId}` : 'verified';
}

function latencyOf(request: ReceivedRequest): string {
  const timestamp = headerOf(request, 'webhook-timestamp');
  if (timestamp === null || !/^\d{1,12}$/.test(timestamp)) return '-';
  // The timestamp is in whole seconds, so a finer figure would be made up.
  const seconds = Math.floor(request.at / 1_000) - Number(timestamp);
  return seconds < 0 ? `${-seconds} s ahead` : `${seconds} s`;
}

function eventTypeOf(request: ReceivedRequest): string | null {
  const header = headerOf(request, 'webhook-event-type');
  if (header !== null || request.body.length > BODY_READ_BYTES_MAX) return header;
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(request.body));
    const type = typeof body === 'object' && body !== null && 'type' in body ? body.type : null;
    return typeof type === 'string' ? type : null;
  } catch {
    return null;
  }
}

function verifiedKey(verdict: Verdict | null): Record<string, string> {
  return verdict?.ok === true && verdict.keyId ? { 'webhook-verified-key': verdict.keyId } : {};
}

function printable(text: string): string {
  const short = text.length > COLUMN_LENGTH_MAX ? `${text.slice(0, COLUMN_LENGTH_MAX - 1)}~` : text;
  return short.replace(UNPRINTABLE, '?');
}
