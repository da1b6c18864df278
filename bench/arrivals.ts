/**
 * The receiver of the latency measure, in a process of its own. Each body holds the time at which the client sent its
 * event; what is noted is the time from there to the first byte of the delivery. Prints its port, and on SIGUSR2 the
 * microseconds of all deliveries so far.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const STAMP = /"at":"(\d{16})"/;
const ANSWER = Buffer.from('HTTP/1.1 204 No Content\r\n\r\n');

const latenciesUs: number[] = [];

function nowUs(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

function receive(socket: Socket): void {
  let pending = Buffer.alloc(0);
  let firstByteUs = 0;
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    if (pending.length === 0) firstByteUs = nowUs();
    pending = Buffer.concat([pending, chunk]);
    const headEnd = pending.indexOf(HEAD_END);
    if (headEnd === -1) return;
    const length = Number(LENGTH.exec(pending.toString('latin1', 0, headEnd))?.[1] ?? 0);
    if (pending.length < headEnd + HEAD_END.length + length) return;
    const sentUs = STAMP.exec(pending.toString('latin1', headEnd))?.[1];
    if (sentUs !== undefined) latenciesUs.push(firstByteUs - Number(sentUs));
    // One request is under way on a connection at a time, so nothing follows this one.
    pending = Buffer.alloc(0);
    socket.write(ANSWER);
  });
}

const server = createServer({ noDelay: true }, receive);
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
});
process.on('SIGUSR2', () => process.stdout.write(`${JSON.stringify(latenciesUs)}\n`));
