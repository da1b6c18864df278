import { Writable } from 'node:stream';
import { type ReceivedRequest, runListen, type Verdict } from '@hookring/receiver';
import { createVerifier, type Verifier } from '@hookring/signing';
import type { Command } from 'commander';
import { CommandFailure, EXIT, usage } from '../exit.ts';
import { asRecord, type Json, text } from '../json.ts';
import { collect, wholeNumber } from '../options.ts';
import type { Run } from '../run.ts';
import { type Session, serverCommand } from '../session.ts';
import { nextSignal } from './serve.ts';

const OPEN_HINT =
  'Start the server with HOOKRING_ALLOW_PRIVATE=127.0.0.1/32 so that it may deliver to this machine; for development only.';

type ListenOptions = { readonly port?: number; readonly publicUrl?: string; readonly events?: string[] };

export function listenCommand(run: Run): Command {
  return serverCommand('listen', 'receive on this machine: registers an endpoint, verifies and shows each delivery')
    .option('--port <number>', 'listen on this port; any free one unless given', wholeNumber)
    .option('--public-url <url>', 'the address that the server reaches it by, for example of a tunnel')
    .option('--events <type>', 'an event type; repeat for several, all unless given', collect)
    .addHelpText(
      'after',
      `
The endpoint is archived when you stop with Ctrl-C.

Examples:
  hookring listen --events "invoice.*"
  hookring send test.event '{"hello":"world"}'           (in another terminal)`,
    )
    .action(async (options: ListenOptions) => {
      await run(options, (session) => listen(session, options));
    });
}

async function listen(session: Session, options: ListenOptions): Promise<void> {
  if (session.direct) {
    throw usage(
      'no server runs on this machine, so nothing would be delivered',
      'Start one in another terminal: hookring serve',
    );
  }
  const stopping = nextSignal({ withParent: (session.io.env['npm_lifecycle_event'] ?? '') !== '' });
  let verifier: { readonly verifier: Verifier; readonly secretId: string } | null = null;
  const receiver = await runListen({
    output: session.json ? nowhere() : session.io.stdout,
    ...(options.port === undefined ? {} : { port: options.port }),
    verify: (request) => (verifier === null ? { ok: false, reason: 'not ready' } : verdict(verifier, request)),
  });
  try {
    const created = await register(session, options, receiver.url('/'));
    const endpoint = asRecord(created['endpoint']);
    const secret = asRecord(created['secret']);
    verifier = { verifier: createVerifier({ secrets: [text(secret, 'value')] }), secretId: text(secret, 'id') };
    try {
      await proveReachable(session, endpoint);
      session.note(`Endpoint ${text(endpoint, 'id')} is registered. Stop with Ctrl-C; it is archived then.\n`);
      await stopping.signal;
      // Whoever presses Ctrl-C again does not want to wait.
      stopping.forget();
    } finally {
      await session.call({ method: 'DELETE', path: '/endpoints/{}', ids: [text(endpoint, 'id')] });
    }
    const { verified, rejected } = receiver.verdicts();
    session.print({ endpoint, verified, rejected }, () => `\n${verified} verified, ${rejected} rejected.`);
  } finally {
    stopping.forget();
    await receiver.stop();
  }
}

async function register(session: Session, options: ListenOptions, local: string): Promise<Json> {
  const body = {
    url: options.publicUrl ?? local,
    eventTypes: options.events,
    description: 'hookring listen',
    keyring: 'own',
  };
  try {
    return await session.call({ method: 'POST', path: '/endpoints', body });
  } catch (error) {
    const isUrl =
      error instanceof CommandFailure && error.facts.errors?.some(({ pointer }) => pointer === '/url') === true;
    throw isUrl ? new CommandFailure({ ...error.facts, hint: OPEN_HINT }) : error;
  }
}

/** One test event proves the way there before anybody waits for a real one. */
async function proveReachable(session: Session, endpoint: Json): Promise<void> {
  const result = await session.call({
    method: 'POST',
    path: '/endpoints/{}/test',
    ids: [text(endpoint, 'id')],
    body: {},
  });
  if (result['delivered'] === true) return;
  const error = asRecord(result['error']);
  const why =
    result['error'] === null
      ? `it was answered ${text(result, 'status')}`
      : `${text(error, 'kind')}: ${text(error, 'detail')}`;
  throw new CommandFailure({
    detail: `the server cannot deliver to ${text(endpoint, 'url')} (${why})`,
    exitCode: EXIT.FAILED,
    code: 'not_delivered',
    hint: error['kind'] === 'blocked_address' ? OPEN_HINT : 'Can the server reach this machine? See --public-url.',
  });
}

function verdict(known: { readonly verifier: Verifier; readonly secretId: string }, request: ReceivedRequest): Verdict {
  const result = known.verifier.verify({
    headers: headersOf(request),
    body: request.body,
    now: request.at,
  });
  return result.ok ? { ok: true, keyId: known.secretId } : { ok: false, reason: result.message };
}

function headersOf(request: ReceivedRequest): Headers {
  return new Headers(request.headers.map(([name, value]): [string, string] => [name, value]));
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
