/** A field of a protobuf message as it stands on the wire. */
export type Field = { readonly number: number; readonly value: bigint | Uint8Array };

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Reads one message, without a schema: nested messages are bytes to be read in turn. */
export function fieldsOf(message: Uint8Array): Field[] {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = view.getUint8(at);
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.byteLength) {
    const tag = Number(varint());
    const number = tag >>> 3;
    switch (tag & 7) {
      case VARINT:
        fields.push({ number, value: varint() });
        break;
      case FIXED64:
        fields.push({ number, value: view.getBigUint64(at, true) });
        at += 8;
        break;
      case BYTES: {
        const length = Number(varint());
        if (at + length > message.byteLength) throw new RangeError('a field ends after its message');
        fields.push({ number, value: message.subarray(at, at + length) });
        at += length;
        break;
      }
      case FIXED32:
        fields.push({ number, value: BigInt(view.getUint32(at, true)) });
        at += 4;
        break;
      default:
        throw new TypeError(`wire type ${tag & 7}`);
    }
  }
  return fields;
}

export function messages(fields: readonly Field[], number: number): Uint8Array[] {
  return fields.flatMap((field) => (field.number === number && typeof field.value !== 'bigint' ? [field.value] : []));
}

export function text(fields: readonly Field[], number: number): string {
  return Buffer.from(messages(fields, number)[0] ?? []).toString('utf8');
}

export function hex(fields: readonly Field[], number: number): string {
  return Buffer.from(messages(fields, number)[0] ?? []).toString('hex');
}

export function integer(fields: readonly Field[], number: number): bigint {
  const found = fields.find((field) => field.number === number)?.value;
  return typeof found === 'bigint' ? found : 0n;
}
