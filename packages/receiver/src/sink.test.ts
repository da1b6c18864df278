import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Sink, startSink } from './sink.ts';

const ANSWER = 'HTTP/1.1 204 No Content\r\n\r\n';

function requestOf(body: string, header = 'content-length'): string {
  return `POST /hook HTTP/1.1\r\nhost: x\r\n${header}: ${body.length}\r\nx-last: 1\r\n\r\n${body}`;
}

async function connected(sink: Sink): Promise<Socket> {
  const socket = connect({ port: sink.port, host: sink.host, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** Collects what comes until it is as long as `length`. */
function read(socket: Socket, length: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text.length >= length) resolve(text);
    });
  });
}

describe('the sink', () => {
  it('answers each of several requests in one segment', async () => {
    await using sink = await startSink();
    const socket = await connected(sink);
    const text = requestOf('') + requestOf('a\r\n\r\nb') + requestOf('xyz', 'Content-LENGTH');
    socket.write(text);
    expect(await read(socket, 3 * ANSWER.length)).toBe(ANSWER.repeat(3));
    expect(sink.counts()).toEqual({ count: 3, bytes: text.length, connections: 1 });
    socket.destroy();
  });

  it('answers with the status that it was given, or never', async () => {
    await using failing = await startSink({ status: 500 });
    const refused = await connected(failing);
    refused.write(requestOf('a'));
    expect(await read(refused, 12)).toMatch(/^HTTP\/1\.1 500 /);
    refused.destroy();
    await using silent = await startSink({ status: 0 });
    const hung = await connected(silent);
    const counted = read(hung, 1);
    hung.write(`${requestOf('a')}GET /__count HTTP/1.1\r\nhost: x\r\n\r\n`);
    expect(await counted).toMatch(/^HTTP\/1\.1 200 OK.*"count":1/s);
    hung.destroy();
  });

  it('answers late when it was told to, whatever it has read meanwhile', async () => {
    await using sink = await startSink({ delayMs: 40 });
    const socket = await connected(sink);
    const started = performance.now();
    socket.write(requestOf('a') + requestOf('b'));
    expect(await read(socket, 2 * ANSWER.length)).toBe(ANSWER.repeat(2));
    // A timer may be a millisecond early by the clock that measures it.
    expect(performance.now() - started).toBeGreaterThanOrEqual(38);
    expect(sink.counts().count).toBe(2);
    socket.destroy();
  });

  it('reads requests that come byte by byte', async () => {
    await using sink = await startSink();
    const socket = await connected(sink);
    for (const byte of requestOf('hello') + requestOf('') + requestOf('x')) {
      socket.write(byte);
      await new Promise(setImmediate);
    }
    expect(await read(socket, 3 * ANSWER.length)).toBe(ANSWER.repeat(3));
    expect(sink.counts().count).toBe(3);
    socket.destroy();
  });

  it('finds the next request behind one whose headers came in two parts', async () => {
    await using sink = await startSink();
    const text = `${requestOf('hello')}${requestOf('y'.repeat(30))}GET /__count HTTP/1.1\r\nhost: x\r\n\r\n`;
    const socket = await connected(sink);
    socket.write(text.slice(0, 50));
    while (sink.counts().bytes < 50) await new Promise(setImmediate);
    socket.write(text.slice(50));
    const told = await read(socket, 2 * ANSWER.length + 100);
    expect(told.startsWith(ANSWER.repeat(2))).toBe(true);
    expect(told).toContain('{"count":2,');
    socket.destroy();
  });

  it('does not answer before the whole body is there', async () => {
    await using sink = await startSink();
    const socket = await connected(sink);
    socket.write(requestOf('hello').slice(0, -1));
    const counts = async () => (await fetch(sink.url('/__count'))).json();
    expect(await counts()).toMatchObject({ count: 0 });
    socket.write('o');
    await read(socket, ANSWER.length);
    expect(await counts()).toMatchObject({ count: 1 });
    socket.destroy();
  });

  it('serves an ordinary client with either status', async () => {
    await using sink = await startSink({ status: 200 });
    const response = await fetch(sink.url('/hook'), { method: 'POST', body: 'x'.repeat(200_000) });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
  });

  it('refuses bodies without a length and headers without end', async () => {
    await using sink = await startSink();
    const chunked = await connected(sink);
    chunked.write('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n');
    expect(await read(chunked, 12)).toContain(' 411 ');
    const endless = await connected(sink);
    endless.write(`GET / HTTP/1.1\r\nx: ${'x'.repeat(70_000)}`);
    expect(await read(endless, 12)).toContain(' 431 ');
    expect(sink.counts().count).toBe(0);
  });

  it('runs as a program, prints its port and its counts, and ends when told', async () => {
    const program = fileURLToPath(new URL('sink.ts', import.meta.url));
    const child = spawn(process.execPath, [program, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      const { port } = JSON.parse(line.toString()) as { port: number };
      await (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'x' })).arrayBuffer();
      child.kill('SIGUSR2');
      const [counts] = (await once(child.stdout, 'data')) as [Buffer];
      expect(JSON.parse(counts.toString())).toMatchObject({ count: 1 });
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
