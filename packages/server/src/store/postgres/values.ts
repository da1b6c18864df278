const UUID_BYTES = 16;
const SUFFIX_LENGTH = 26;
/** Dimensions, whether there are nulls, the type of the elements; then of the one dimension its length and lower bound. */
const HEADER_BYTES = 20;
const LENGTH_BYTES = 4;
const NULL_LENGTH = 0xffff_ffff;
const EMPTY_BYTES = 12;
const FIRST_BYTES = 256;
/** A column that is used again keeps no more than this. */
const KEPT_BYTES_MAX = 1024 * 1024;

/** Types of elements, and the numbers by which PostgreSQL knows them. */
const OIDS = { bytea: 17, bigint: 20, integer: 23, text: 25, real: 700, uuid: 2950 } as const;
type ElementType = keyof typeof OIDS;

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const valueOfCode = new Int8Array(128).fill(-1);
for (let value = 0; value < ALPHABET.length; value += 1) valueOfCode[ALPHABET.charCodeAt(value)] = value;

/**
 * One column of a batch: an array in PostgreSQL's binary form, written as it will be sent. It is cast in the statement
 * (`$1::uuid[]`), since the server must know the type to read it.
 */
export class Column {
  protected buffer: Buffer;
  protected at = HEADER_BYTES;
  #count = 0;
  #hasNull = 0;
  /** Of its elements. */
  readonly type: ElementType;

  constructor(type: ElementType) {
    this.type = type;
    this.buffer = Buffer.allocUnsafe(FIRST_BYTES);
  }

  get count(): number {
    return this.#count;
  }

  addNull(): void {
    this.begin(0);
    this.#hasNull = 1;
    this.buffer.writeUInt32BE(NULL_LENGTH, this.at - LENGTH_BYTES);
  }

  /** Begins anew, in the same memory: allocating it for each batch costs more than filling it. */
  clear(): void {
    this.at = HEADER_BYTES;
    this.#count = 0;
    this.#hasNull = 0;
    if (this.buffer.length > KEPT_BYTES_MAX) this.buffer = Buffer.allocUnsafe(FIRST_BYTES);
  }

  /** What was added. It is good until the column is cleared or added to. */
  value(): Buffer {
    const { buffer } = this;
    buffer.writeInt32BE(this.#count === 0 ? 0 : 1, 0);
    buffer.writeInt32BE(this.#hasNull, 4);
    buffer.writeInt32BE(OIDS[this.type], 8);
    if (this.#count === 0) return buffer.subarray(0, EMPTY_BYTES);
    buffer.writeInt32BE(this.#count, 12);
    buffer.writeInt32BE(1, 16);
    return buffer.subarray(0, this.at);
  }

  /** Makes room for an element of so many bytes, and writes its length. The bytes go to `at`, which is moved by the caller. */
  protected begin(bytes: number): void {
    const end = this.at + LENGTH_BYTES + bytes;
    if (end > this.buffer.length) this.#grow(end);
    putInt32(this.buffer, this.at, bytes);
    this.at += LENGTH_BYTES;
    this.#count += 1;
  }

  #grow(end: number): void {
    const larger = Buffer.allocUnsafe(Math.max(end, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}

export class UuidColumn extends Column {
  /** When the oldest and the youngest of the ids were made, in milliseconds since the epoch. */
  timeMin = Number.POSITIVE_INFINITY;
  timeMax = Number.NEGATIVE_INFINITY;

  constructor() {
    super('uuid');
  }

  override clear(): void {
    super.clear();
    this.timeMin = Number.POSITIVE_INFINITY;
    this.timeMax = Number.NEGATIVE_INFINITY;
  }

  /** Of a TypeID. Throws when it is none. */
  add(id: string): void {
    this.begin(UUID_BYTES);
    const { buffer, at } = this;
    putUuid(buffer, at, id);
    const time = buffer.readUIntBE(at, 6);
    if (time < this.timeMin) this.timeMin = time;
    if (time > this.timeMax) this.timeMax = time;
    this.at += UUID_BYTES;
  }
}

export class IntegerColumn extends Column {
  constructor() {
    super('integer');
  }

  add(value: number): void {
    if ((value | 0) !== value) throw new RangeError(`${value} does not fit into an integer`);
    this.begin(4);
    putInt32(this.buffer, this.at, value);
    this.at += 4;
  }

  addOrNull(value: number | null): void {
    if (value === null) this.addNull();
    else this.add(value);
  }
}

/** Whole numbers as large as JavaScript knows them exactly. */
export class BigintColumn extends Column {
  constructor() {
    super('bigint');
  }

  add(value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no whole number`);
    this.begin(8);
    putInt32(this.buffer, this.at, Math.floor(value / 0x1_0000_0000));
    putInt32(this.buffer, this.at + 4, value >>> 0);
    this.at += 8;
  }

  addOrNull(value: number | null): void {
    if (value === null) this.addNull();
    else this.add(value);
  }
}

export class RealColumn extends Column {
  constructor() {
    super('real');
  }

  add(value: number): void {
    this.begin(4);
    this.buffer.writeFloatBE(value, this.at);
    this.at += 4;
  }

  addOrNull(value: number | null): void {
    if (value === null) this.addNull();
    else this.add(value);
  }
}

export class TextColumn extends Column {
  #last = '';
  #lastFrom = 0;
  #lastBytes = 0;

  constructor() {
    super('text');
  }

  override clear(): void {
    super.clear();
    this.#lastFrom = 0;
  }

  add(value: string): void {
    // Neighbours are often the same: of one type, one content, one ring.
    if (value === this.#last && this.#lastFrom > 0) {
      const bytes = this.#lastBytes;
      this.begin(bytes);
      this.buffer.copyWithin(this.at, this.#lastFrom, this.#lastFrom + bytes);
      this.at += bytes;
      return;
    }
    const bytes = Buffer.byteLength(value);
    this.begin(bytes);
    this.#last = value;
    this.#lastFrom = this.at;
    this.#lastBytes = bytes;
    this.buffer.write(value, this.at);
    this.at += bytes;
  }

  addOrNull(value: string | null): void {
    if (value === null) this.addNull();
    else this.add(value);
  }
}

export class BytesColumn extends Column {
  constructor() {
    super('bytea');
  }

  add(value: Uint8Array): void {
    this.begin(value.length);
    this.buffer.set(value, this.at);
    this.at += value.length;
  }

  addOrNull(value: Uint8Array | null): void {
    if (value === null) this.addNull();
    else this.add(value);
  }
}

/** Columns of rows that are sent together, by the names that a statement calls them by. */
export type Columns = Readonly<Record<string, Column>>;

/** The rows as a statement sees them; `first` is the number of the first column's parameter. */
export function rowsOf(first: number, columns: Columns, alias = 'g', withPlaces = false): string {
  const names = Object.keys(columns);
  const parameters = Object.values(columns).map(({ type }, index) => `$${first + index}::${type}[]`);
  if (withPlaces) names.push('n');
  const places = withPlaces ? ' WITH ORDINALITY' : '';
  return `unnest(${parameters.join(', ')})${places} AS ${alias}(${names.join(', ')})`;
}

/** How many parameters columns take. */
export function widthOf(columns: Columns): number {
  return Object.keys(columns).length;
}

export function clearAll(columns: Columns): void {
  for (const name in columns) columns[name]?.clear();
}

function putInt32(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
}

/** Two characters make the first byte, then eight make five at a time. */
function putUuid(buffer: Buffer, at: number, id: string): void {
  let from = id.length - SUFFIX_LENGTH;
  if (from < 0) throw new TypeError('not a TypeID');
  const head = valueAt(id, from);
  if (head > 7) throw new TypeError('not a TypeID');
  const second = valueAt(id, from + 1);
  buffer[at] = (head << 5) | second;
  let bad = head | second;
  from += 2;
  for (let to = at + 1; to < at + UUID_BYTES; to += 5) {
    const high =
      (valueAt(id, from) << 15) | (valueAt(id, from + 1) << 10) | (valueAt(id, from + 2) << 5) | valueAt(id, from + 3);
    const low =
      (valueAt(id, from + 4) << 15) |
      (valueAt(id, from + 5) << 10) |
      (valueAt(id, from + 6) << 5) |
      valueAt(id, from + 7);
    // A character that is none of the alphabet is -1, which makes the whole negative.
    bad |= high | low;
    buffer[to] = high >>> 12;
    buffer[to + 1] = high >>> 4;
    buffer[to + 2] = (high << 4) | (low >>> 16);
    buffer[to + 3] = low >>> 8;
    buffer[to + 4] = low;
    from += 8;
  }
  if (bad < 0) throw new TypeError('not a TypeID');
}

function valueAt(text: string, at: number): number {
  return valueOfCode[text.charCodeAt(at)] ?? -1;
}
