import { Writable } from 'node:stream';
import type { Environment } from '../../config/load.ts';
import type { Io } from '../io.ts';

/** What a command writes, and nothing to read: no terminal. */
export function fakeIo(given: { readonly env?: Environment; readonly cwd?: string } = {}) {
  let out = '';
  let err = '';
  const io: Io = {
    stdout: collector((text) => {
      out += text;
    }),
    stderr: collector((text) => {
      err += text;
    }),
    stdin: nothing(),
    columns: null,
    color: false,
    liveErrors: false,
    env: given.env ?? {},
    cwd: given.cwd ?? '/',
    now: () => Date.now(),
  };
  return { io, written: () => ({ out, err }) };
}

function collector(add: (text: string) => void): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      add(String(chunk));
      done();
    },
  });
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
