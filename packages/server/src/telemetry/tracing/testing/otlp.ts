import { type Field, fieldsOf, hex, integer, messages, text } from './protobuf-fields.ts';

export type Value = string | number | boolean | readonly Value[];

/** A span as a collector sees it. */
export type SeenSpan = {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: a root. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client' | 'other';
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Readonly<Record<string, Value>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly failed: boolean;
  readonly flags: number;
  readonly resource: Readonly<Record<string, Value>>;
};

const KINDS: Readonly<Record<string, SeenSpan['kind']>> = { '1': 'internal', '2': 'server', '3': 'client' };
const STATUS_ERROR = 2n;

/** Reads an ExportTraceServiceRequest by the field numbers of opentelemetry-proto 1.x. */
export function decodeTraces(body: Uint8Array): SeenSpan[] {
  return messages(fieldsOf(body), 1).flatMap((resourceSpans) => {
    const fields = fieldsOf(resourceSpans);
    const resource = attributesOf(messages(fields, 1).flatMap((bytes) => messages(fieldsOf(bytes), 1)));
    return messages(fields, 2).flatMap((scopeSpans) =>
      messages(fieldsOf(scopeSpans), 2).map((span) => decodeSpan(fieldsOf(span), resource)),
    );
  });
}

function decodeSpan(span: readonly Field[], resource: SeenSpan['resource']): SeenSpan {
  return {
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    parentSpanId: hex(span, 4),
    name: text(span, 5),
    kind: KINDS[String(integer(span, 6))] ?? 'other',
    startNs: integer(span, 7),
    endNs: integer(span, 8),
    attributes: attributesOf(messages(span, 9)),
    links: messages(span, 13).map((bytes) => {
      const link = fieldsOf(bytes);
      return { traceId: hex(link, 1), spanId: hex(link, 2) };
    }),
    failed: messages(span, 15).some((bytes) => integer(fieldsOf(bytes), 3) === STATUS_ERROR),
    flags: Number(integer(span, 16)),
    resource,
  };
}

function attributesOf(entries: readonly Uint8Array[]): Record<string, Value> {
  const attributes: Record<string, Value> = {};
  for (const entry of entries) {
    const pair = fieldsOf(entry);
    const [value] = messages(pair, 2);
    if (value !== undefined) attributes[text(pair, 1)] = valueOf(value);
  }
  return attributes;
}

function valueOf(bytes: Uint8Array): Value {
  const fields = fieldsOf(bytes);
  const kind = fields[0]?.number ?? 0;
  if (kind === 1) return text(fields, 1);
  if (kind === 2) return integer(fields, 2) === 1n;
  if (kind === 3) return Number(BigInt.asIntN(64, integer(fields, 3)));
  if (kind === 4) return double(integer(fields, 4));
  if (kind === 5) return messages(fields, 5).flatMap((list) => messages(fieldsOf(list), 1).map(valueOf));
  throw new TypeError(`a value of kind ${kind}`);
}

function double(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}
