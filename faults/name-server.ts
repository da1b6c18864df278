import { createSocket, type Socket } from 'node:dgram';

/** What a name, by its first label, is told while the name server lies. */
export type Lie = 'forbidden' | 'forbidden-v6' | 'mapped' | 'mixed' | 'flips' | 'nothing' | 'failure' | 'silence';

export type NameServer = {
  readonly address: string;
  lie(isLying: boolean): void;
  /** How many questions were answered wrongly, or not at all. */
  readonly lies: number;
  stop(): Promise<void>;
};

/** Two runs at once have others. */
const ADDRESS = `127.53.${process.pid % 256}.1`;
const PORT = 53;
const HEADER_BYTES = 12;
const TYPE_A = 1;
const TYPE_AAAA = 28;
/** Seconds: nobody between may keep an answer. */
const TTL = 0;
const LOCAL_V6 = Buffer.concat([Buffer.alloc(15), Buffer.of(1)]);

type Answer = { readonly code: 0 | 2 | 3; readonly addresses: readonly Buffer[] } | null;

/** A name server on a loopback address of its own: every name is the same machine, or whatever it lies. RFC 1035. */
export async function startNameServer(hosts: {
  readonly good: string;
  readonly forbidden: string;
}): Promise<NameServer> {
  const good = bytesOf(hosts.good);
  const forbidden = bytesOf(hosts.forbidden);
  const mapped = Buffer.concat([Buffer.alloc(10), Buffer.of(255, 255), forbidden]);
  let isLying = false;
  let lies = 0;
  let flips = 0;

  function answerOf(label: string, type: number): Answer {
    const found = (...addresses: Buffer[]): Answer => {
      const length = type === TYPE_AAAA ? 16 : 4;
      return { code: 0, addresses: addresses.filter((address) => address.length === length) };
    };
    if (!isLying) return found(good);
    lies += 1;
    switch (label) {
      case 'forbidden':
        return found(forbidden);
      case 'forbidden-v6':
        return found(LOCAL_V6);
      case 'mapped':
        return found(mapped);
      case 'mixed':
        return found(forbidden, good, LOCAL_V6);
      case 'flips':
        if (type === TYPE_A) flips += 1;
        return found(flips % 2 === 0 ? good : forbidden);
      case 'nothing':
        return { code: 3, addresses: [] };
      case 'failure':
        return { code: 2, addresses: [] };
      default:
        return null;
    }
  }

  const socket: Socket = createSocket('udp4');
  socket.on('message', (question, from) => {
    const end = endOfQuestion(question);
    const label = question.toString('latin1', HEADER_BYTES + 1, HEADER_BYTES + 1 + (question[HEADER_BYTES] ?? 0));
    const answer = answerOf(label, question.readUInt16BE(end - 4));
    if (answer !== null) socket.send(encoded(question.subarray(0, end), answer), from.port, from.address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(PORT, ADDRESS, resolve);
  });
  return {
    address: ADDRESS,
    lie(now) {
      isLying = now;
    },
    get lies() {
      return lies;
    },
    async stop() {
      await new Promise<void>((resolve) => {
        socket.close(resolve);
      });
    },
  };
}

/** Behind the name come its type and class. */
function endOfQuestion(question: Buffer): number {
  let at = HEADER_BYTES;
  while (at < question.length && question[at] !== 0) at += 1 + (question[at] ?? 0);
  return Math.min(question.length, at + 5);
}

function encoded(question: Buffer, answer: NonNullable<Answer>): Buffer {
  const header = Buffer.from(question.subarray(0, HEADER_BYTES));
  // An answer, recursion as it was asked for and at hand.
  header.writeUInt16BE(0x8080 | (question.readUInt16BE(2) & 0x0100) | answer.code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answer.addresses.length, 6);
  header.writeUInt32BE(0, 8);
  const records = answer.addresses.map((address) => {
    const record = Buffer.alloc(12 + address.length);
    // The name is the one of the question.
    record.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
    record.writeUInt16BE(address.length === 4 ? TYPE_A : TYPE_AAAA, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(TTL, 6);
    record.writeUInt16BE(address.length, 10);
    record.set(address, 12);
    return record;
  });
  return Buffer.concat([header, question.subarray(HEADER_BYTES), ...records]);
}

function bytesOf(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}
