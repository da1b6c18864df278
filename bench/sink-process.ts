import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SinkStatus } from '../packages/receiver/src/sink.ts';

/** The receiver, in a process of its own: it counts and answers, and does nothing else. */
export type SinkProcess = {
  readonly url: string;
  readonly port: number;
  count(): Promise<number>;
  stop(): Promise<void>;
};

const SINK = fileURLToPath(new URL('../packages/receiver/src/sink.ts', import.meta.url));

export async function startSinkProcess(
  options: { port?: number; status?: SinkStatus; delayMs?: number } = {},
): Promise<SinkProcess> {
  const { port: wanted = 0, status = 204, delayMs = 0 } = options;
  const flags = ['--port', String(wanted), '--status', String(status), '--delay-ms', String(delayMs)];
  const child = spawn(process.execPath, [SINK, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the receiver ended')));
    child.stdout.setEncoding('utf8').once('data', (line: string) => {
      resolve((JSON.parse(line) as { port: number }).port); // Its first line says so.
    });
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    url: `${url}/hooks`,
    port,
    async count() {
      const answer = (await (await fetch(`${url}/__count`)).json()) as { count: number };
      return answer.count;
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
