const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_CHARACTERS = 10;
const RANDOM_CHARACTERS = 8;
const COUNTER_CHARACTERS = 8;
const COUNTER_MAX = 32 ** COUNTER_CHARACTERS;

function encode(value: number, characters: number): string {
  let text = '';
  let rest = value;
  for (let index = 0; index < characters; index += 1) {
    text = (ALPHABET[rest % 32] ?? '0') + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/**
 * Makes ULIDs: time, a random part that stays for the life of the process, and a counter that starts at random. They
 * name requests in logs and are no secret, so they need to be unique, not unguessable. An id that a client sends is
 * never taken: logs would then say what the client likes.
 */
export function createRequestIds(options: { now: () => number; random: () => number }): () => string {
  const process = encode(Math.floor(options.random() * COUNTER_MAX), RANDOM_CHARACTERS);
  let counter = Math.floor(options.random() * COUNTER_MAX);
  let lastTime = -1;
  let lastCounterHigh = -1;
  let timeAndProcess = '';
  let counterHigh = '';
  return () => {
    const now = options.now();
    if (now !== lastTime) {
      lastTime = now;
      timeAndProcess = encode(Math.floor(now), TIME_CHARACTERS) + process;
    }
    counter = counter + 1 < COUNTER_MAX ? counter + 1 : 0;
    const high = Math.floor(counter / 1024);
    if (high !== lastCounterHigh) {
      lastCounterHigh = high;
      counterHigh = encode(high, COUNTER_CHARACTERS - 2);
    }
    const low = counter % 1024;
    return timeAndProcess + counterHigh + (ALPHABET[low >>> 5] ?? '0') + (ALPHABET[low & 31] ?? '0');
  };
}
