import type { Span } from '#base/traces.ts';
import { productVersion } from '#base/version.ts';

/** A server span, in the numbers of OTLP. */
const spanKindServer = 2;
const statusError = 2;

/**
 * Spans as an OTLP/HTTP collector takes them in JSON (opentelemetry-proto, ExportTraceServiceRequest): ids in hex, 64-bit
 * numbers as text, attributes by the name of their type.
 */
export function otlpJson(spans: readonly Span[], serviceName: string) {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributesOf({ 'service.name': serviceName, 'service.version': productVersion }) },
        scopeSpans: [{ scope: { name: 'homeport', version: productVersion }, spans: spans.map(spanOf) }],
      },
    ],
  };
}

function spanOf({ traceId, spanId, parentSpanId, name, startAt, endAt, attributes }: Span) {
  return {
    traceId,
    spanId,
    ...(parentSpanId !== '' && { parentSpanId }),
    name,
    kind: spanKindServer,
    startTimeUnixNano: nanoseconds(startAt),
    endTimeUnixNano: nanoseconds(Math.max(startAt, endAt)),
    attributes: attributesOf(attributes),
    ...('error.type' in attributes && { status: { code: statusError } }),
  };
}

function nanoseconds(ms: number): string {
  return `${Math.round(ms)}000000`;
}

function attributesOf(attributes: Readonly<Record<string, string | number>>) {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(Math.round(value)) } : { stringValue: value },
  }));
}
