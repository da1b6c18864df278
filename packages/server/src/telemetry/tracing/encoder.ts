import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** OTLP/HTTP as every collector takes it. */
export const OTLP_CONTENT_TYPE = 'application/x-protobuf';

export function encodeSpans(spans: readonly ReadableSpan[]): Uint8Array {
  const bytes = ProtobufTraceSerializer.serializeRequest([...spans]);
  if (bytes === undefined) throw new Error('spans that cannot be encoded');
  return bytes;
}

/** How many spans of a request that was taken the collector did not want. */
export function rejectedSpansOf(answer: Uint8Array, sent: number): number {
  if (answer.length === 0) return 0;
  try {
    const rejected = ProtobufTraceSerializer.deserializeResponse(answer).partialSuccess?.rejectedSpans ?? 0;
    return Math.min(sent, Math.max(0, Number.isFinite(rejected) ? rejected : 0));
  } catch {
    return 0;
  }
}
