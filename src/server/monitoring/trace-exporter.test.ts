import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { Health } from '#base/health.ts';
import { Secret } from '#base/secret.ts';
import { formatTraceparent, parseTraceparent, Traces } from '#base/traces.ts';
import { traceTelemetry } from '#hub/messages/trace-telemetry.ts';
import { Outgoing } from '#outgoing/outgoing.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { TraceExporter } from './trace-exporter.ts';

const hex = (length: number) => new RegExp(`^[0-9a-f]{${length}}$`);
type SentSpan = Record<string, unknown> & { name: string; traceId: string; spanId: string; parentSpanId?: string };

/**
 * Stands in for a collector: takes what is sent only when it has the shape of ExportTraceServiceRequest in JSON, as
 * opentelemetry-proto describes it. No real collector is asked.
 */
async function openCollector(status = 200) {
  const spans: SentSpan[] = [];
  const wrong: string[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    try {
      assert.match(request.headers['content-type'] ?? '', /^application\/json/);
      const { resourceSpans, ...others } = JSON.parse(text);
      assert.deepEqual(others, {});
      for (const { resource, scopeSpans } of resourceSpans) {
        assert.deepEqual(resource.attributes[0], { key: 'service.name', value: { stringValue: 'home' } });
        for (const scope of scopeSpans) {
          for (const span of scope.spans) {
            assert.match(span.traceId, hex(32));
            assert.match(span.spanId, hex(16));
            if (span.parentSpanId !== undefined) assert.match(span.parentSpanId, hex(16));
            assert.match(span.startTimeUnixNano, /^\d{19}$/);
            assert.ok(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano));
            for (const { key, value } of span.attributes) {
              assert.equal(typeof key, 'string');
              assert.match(Object.keys(value).join(), /^(stringValue|intValue)$/);
              assert.equal(typeof Object.values(value)[0], 'string');
            }
            spans.push(span);
          }
        }
      }
    } catch (error) {
      wrong.push(String(error));
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { spans, wrong, url: `http://127.0.0.1:${port}/v1/traces`, close: () => void server.close() };
}

function openTraces(url: string, sampleOneIn = 0) {
  const platform = { ...testPlatform(), health: new Health() };
  const traces = new Traces(platform, sampleOneIn);
  const outgoing = new Outgoing({ platform: { ...platform, clock: systemClock }, allowed: ['127.0.0.1'], allowHttp: true });
  const exporter = new TraceExporter({ platform, traces, outgoing, endpoint: new Secret(url), serviceName: 'home' });
  return { ...platform, traces, exporter };
}

const event = (bag: string, now: ReturnType<ReturnType<typeof testPlatform>['clock']['now']>) =>
  ({ source: 'Telemetry', deviceId: 'dev1', enqueuedAt: now, bag, system: Buffer.alloc(0), body: Buffer.from('{}') }) as const;

test('a message is followed from its device to who reads it, in one trace, as a collector takes it', async (t) => {
  const collector = await openCollector();
  t.after(collector.close);
  const { traces, exporter, clock, health } = openTraces(collector.url);
  const device = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8) };
  const { event: stored, done } = traceTelemetry(
    traces,
    event(`a=1&traceparent=${formatTraceparent(device)}`, clock.now()),
    'mqtt',
  );
  clock.advance(5);
  done?.();
  const [, carried] = /^a=1&traceparent=(.{55})$/.exec(stored.bag) ?? [];
  traces.child(carried, 'read', stored.enqueuedAt, { 'homeport.consumer-group': '$Default' });
  await exporter.flush();
  assert.deepEqual(collector.wrong, []);
  const [accept, durable, read] = collector.spans;
  assert.deepEqual(
    collector.spans.map(({ name }) => name),
    ['accept', 'durable', 'read'],
  );
  assert.ok(collector.spans.every(({ traceId }) => traceId === device.traceId));
  assert.equal(accept?.parentSpanId, device.spanId);
  assert.equal(parseTraceparent(carried ?? '')?.spanId, accept?.spanId);
  assert.deepEqual([durable?.parentSpanId, read?.parentSpanId], [accept?.spanId, accept?.spanId]);
  assert.equal((await health.report()).state, 'ok');
});

test('a message that says nothing is followed as often as the setting says, and one that is not sampled never', async (t) => {
  const { traces, clock } = openTraces('http://127.0.0.1:1/v1/traces', 4);
  let followed = 0;
  for (let i = 0; i < 4_000; i++) if (traceTelemetry(traces, event('a=1', clock.now()), 'mqtt').done) followed++;
  assert.ok(followed > 800 && followed < 1_200, `${followed} of 4000`);
  const unsampled = `traceparent=00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-00`;
  for (let i = 0; i < 100; i++) assert.equal(traceTelemetry(traces, event(unsampled, clock.now()), 'mqtt').event.bag, unsampled);
  t.diagnostic(`${followed} of 4000 followed`);
});

test('a collector that refuses costs spans and nothing else, and health says so until it takes some', async (t) => {
  const collector = await openCollector(503);
  t.after(collector.close);
  const { traces, exporter, clock, health, metrics } = openTraces(collector.url, 1);
  exporter.start();
  traceTelemetry(traces, event('', clock.now()), 'mqtt').done?.();
  await exporter.flush();
  assert.equal((await health.report()).concerns[0]?.says, 'Spans could not be sent: the collector answered 503.');
  assert.equal(metrics.counter('homeport_trace_spans_total', { result: 'unsent' }).value, 2);
  await exporter.stop();
});

test('spans that nobody fetches are bounded, and counted', () => {
  const { traces, clock, metrics } = openTraces('http://127.0.0.1:1/v1/traces', 1);
  for (let i = 0; i < 5_000; i++) traceTelemetry(traces, event('', clock.now()), 'mqtt').done?.();
  assert.equal(metrics.counter('homeport_trace_spans_total', { result: 'dropped' }).value, 10_000 - 4_096);
});

test('what is no traceparent is none', () => {
  for (const text of ['', 'x', `00-${'0'.repeat(32)}-${'a'.repeat(16)}-01`, `ff-${'a'.repeat(32)}-${'a'.repeat(16)}-01`]) {
    assert.equal(parseTraceparent(text), undefined, text);
  }
});
