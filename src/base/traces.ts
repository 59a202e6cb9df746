import type { Instant } from './instant.ts';
import { metricsOf } from './metrics.ts';
import type { Platform } from './platform.ts';

/** A step of a message's way. Its times are wall clock; its ids are hex, as W3C Trace Context writes them. */
export type Span = {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first of its trace. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly startAt: Instant;
  readonly endAt: Instant;
  readonly attributes: Readonly<Record<string, string | number>>;
};

export type TraceContext = { readonly traceId: string; readonly spanId: string };

/** Spans that wait to be sent; beyond it the newest are dropped and counted, since what began a trace is worth more. */
const spansMax = 4_096;

const parentPattern = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;

/**
 * What a `traceparent` says (W3C Trace Context 3.2): whose child the next span is, and whether anybody wants it.
 * Undefined for a text that is none.
 */
export function parseTraceparent(text: string): (TraceContext & { readonly isSampled: boolean }) | undefined {
  const [, traceId, spanId, flags = '00'] = parentPattern.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || text.startsWith('ff')) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId }: TraceContext): string {
  return `00-${traceId}-${spanId}-01`;
}

/** The spans of one server: whose way is followed is decided once for each message, where it is taken in. */
export class Traces {
  readonly #platform: Platform;
  readonly #sampleOneIn: number;
  #spans: Span[] = [];

  /** `sampleOneIn`: of messages that say nothing themselves, every so-many-th by chance; 0: none. */
  constructor(platform: Platform, sampleOneIn: number) {
    this.#platform = platform;
    this.#sampleOneIn = sampleOneIn;
  }

  /** For a message that arrives: where its trace goes on, or undefined when nobody follows it. */
  begin(traceparent: string | undefined): { readonly parentSpanId: string; readonly context: TraceContext } | undefined {
    const given = traceparent === undefined ? undefined : parseTraceparent(traceparent);
    if (given) {
      if (!given.isSampled) return undefined;
      return { parentSpanId: given.spanId, context: { traceId: given.traceId, spanId: this.#id(8) } };
    }
    if (this.#sampleOneIn === 0 || this.#platform.random.bytes(4).readUInt32LE() % this.#sampleOneIn !== 0) return undefined;
    return { parentSpanId: '', context: { traceId: this.#id(16), spanId: this.#id(8) } };
  }

  /** A step of a trace that a `traceparent` goes on with; nothing where it does not. */
  child(traceparent: string | undefined, name: string, startAt: Instant, attributes: Span['attributes']): void {
    const parent = traceparent === undefined ? undefined : parseTraceparent(traceparent);
    if (!parent?.isSampled) return;
    const { traceId, spanId: parentSpanId } = parent;
    const endAt = this.#platform.clock.now();
    this.add({ traceId, spanId: this.#id(8), parentSpanId, name, startAt, endAt, attributes });
  }

  add(span: Span): void {
    if (this.#spans.length < spansMax) this.#spans.push(span);
    else metricsOf(this.#platform).counter('homeport_trace_spans_total', { result: 'dropped' }).value++;
  }

  now(): Instant {
    return this.#platform.clock.now();
  }

  /** The oldest spans, at most `max`; they are the caller's from then on. */
  take(max: number): readonly Span[] {
    const taken = this.#spans.slice(0, max);
    this.#spans = this.#spans.slice(max);
    return taken;
  }

  #id(bytes: number): string {
    return this.#platform.random.bytes(bytes).toString('hex');
  }
}
