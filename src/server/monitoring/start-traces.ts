import type { Lifecycle } from '#base/lifecycle.ts';
import type { Platform } from '#base/platform.ts';
import { Secret } from '#base/secret.ts';
import type { Outgoing } from '#outgoing/outgoing.ts';
import { StartRefused } from '../start-refused.ts';
import { TraceExporter } from './trace-exporter.ts';

/** Sends the spans of `platform`, where it keeps any. Throws StartRefused for an endpoint that may not be called. */
export async function startTraces(
  platform: Platform,
  lifecycle: Lifecycle,
  { outgoing, endpoint, serviceName }: { outgoing: Outgoing; endpoint: string; serviceName: string },
): Promise<void> {
  const { traces } = platform;
  if (!traces) return;
  try {
    const exporter = new TraceExporter({ platform, traces, outgoing, endpoint: new Secret(endpoint), serviceName });
    await lifecycle.start({ name: 'traces', start: async () => exporter.start(), stop: () => exporter.stop() });
  } catch (error) {
    throw new StartRefused(`traces.endpoint: ${error instanceof Error ? error.message : String(error)}`);
  }
}
