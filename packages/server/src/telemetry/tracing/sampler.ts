/**
 * Whether an event is traced follows from its key, so that all who see it decide alike. As OpenTelemetry's probability
 * sampling does, it compares the last 56 bits of the trace id, which are random in a UUIDv7, with a threshold: a collector
 * that samples by the same rule keeps or drops whole traces, too.
 */
export type Sampler = (eventKey: string) => boolean;

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const valueOfCode = new Uint8Array(128);
for (let value = 0; value < ALPHABET.length; value += 1) valueOfCode[ALPHABET.charCodeAt(value)] = value;

/** Of the 56 bits the highest 51: one of the 11th character from the end, and the ten after it but the last. */
const BITS = 51;
const FIRST_AT = 11;

export function createSampler(ratio: number): Sampler {
  if (ratio >= 1) return () => true;
  if (ratio <= 0) return () => false;
  const threshold = Math.round((1 - ratio) * 2 ** BITS);
  return (eventKey) => randomPartOf(eventKey) >= threshold;
}

/** Read off the text: most keys are not sampled, and those cost nothing more than this. */
function randomPartOf(key: string): number {
  const from = key.length - FIRST_AT;
  // Five bits per character; a number holds 53 exactly.
  let value = (valueOfCode[key.charCodeAt(from - 1)] ?? 0) & 1;
  for (let at = from; at < key.length - 1; at += 1) value = value * 32 + (valueOfCode[key.charCodeAt(at)] ?? 0);
  return value;
}
