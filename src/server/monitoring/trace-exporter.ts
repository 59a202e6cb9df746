import type { Cancel } from '#base/clock.ts';
import { healthOf } from '#base/health.ts';
import { metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import type { Secret } from '#base/secret.ts';
import type { Traces } from '#base/traces.ts';
import type { Outgoing } from '#outgoing/outgoing.ts';
import { otlpJson } from './otlp-json.ts';

const everyMs = 2_000;
/** Of one call: well below what may be sent out in one. */
const batchMax = 512;

type ExporterOptions = {
  readonly platform: Platform;
  readonly traces: Pick<Traces, 'take'>;
  readonly outgoing: Pick<Outgoing, 'checkUrl' | 'post'>;
  /** Of the collector: `http://collector:4318/v1/traces`. It may hold a key. */
  readonly endpoint: Secret;
  readonly serviceName: string;
};

/** Sends spans to a collector, in OTLP over HTTP. What it does not take is lost and counted: traces are a sample anyway. */
export class TraceExporter {
  readonly #options: ExporterOptions;
  #timer: Cancel | undefined;
  #sending: Promise<void> = Promise.resolve();
  #failure: string | undefined;
  #cancelWatch: Cancel | undefined;

  /** Throws Problem `argument-invalid` for an endpoint that may not be called. */
  constructor(options: ExporterOptions) {
    options.outgoing.checkUrl(options.endpoint.reveal());
    this.#options = options;
  }

  start(): void {
    this.#cancelWatch ??= healthOf(this.#options.platform).watch('traces', () =>
      this.#failure === undefined
        ? []
        : [
            {
              part: 'traces',
              state: 'degraded',
              says: `Spans could not be sent: ${this.#failure}`,
              fix: 'Look at the collector, at traces.endpoint, and at outgoing.allowed where it is inside.',
            },
          ],
    );
    this.#timer = this.#options.platform.clock.after(everyMs, () => {
      void this.flush().finally(() => this.start());
    });
  }

  /** Sends what waits; resolves when it was taken or is lost. */
  flush(): Promise<void> {
    this.#sending = this.#sending.then(() => this.#send());
    return this.#sending;
  }

  async stop(): Promise<void> {
    await this.flush();
    this.#timer?.();
    this.#cancelWatch?.();
  }

  async #send(): Promise<void> {
    const { platform, traces, outgoing, endpoint, serviceName } = this.#options;
    for (let spans = traces.take(batchMax); spans.length > 0; spans = traces.take(batchMax)) {
      const count = (result: string) => metricsOf(platform).counter('homeport_trace_spans_total', { result }).add(spans.length);
      try {
        const { status } = await outgoing.post({ url: endpoint, json: otlpJson(spans, serviceName) });
        if (status >= 300) throw new Problem('unavailable', `the collector answered ${status}.`);
        this.#failure = undefined;
        count('sent');
      } catch (error) {
        this.#failure = asProblem(error).message;
        count('unsent');
      }
    }
  }
}
