import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Command, Invocation } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { describeEvent, eventLine } from './event-line.ts';
import { hubOption, hubPath } from './hub-option.ts';
import { LiveView } from './live-view.ts';
import { startOf } from './monitor-start.ts';
import { jsonLinesOption, printJsonLine, untilInterrupted } from './until-interrupted.ts';

const waitMs = 10_000;

export const monitorEventsCommand: Command = {
  options: [
    { name: 'device-id', short: 'd', value: 'ID', summary: 'Only events of this device and its modules' },
    { name: 'source', value: 'NAME', summary: 'Only Telemetry, twinChangeEvents, deviceLifecycleEvents, …' },
    { name: 'from', value: 'WHEN', summary: 'start, an instant, or a span back such as 10m; without it from now on' },
    { name: 'count', value: 'N', summary: 'Ends after this many events' },
    hubOption,
    jsonLinesOption,
  ],
  examples: [
    'homeport hub monitor-events',
    'homeport hub monitor-events -d dev1 --from 1h',
    'homeport hub monitor-events --source Telemetry --json > events.jsonl',
  ],
  notes: [
    'Ctrl-C ends it. It looks on: it needs no consumer group, and takes nothing from anybody. It shows all that is in the',
    'log, also what the hub’s routes keep from readers of events.',
  ],
  async run(invocation) {
    const { options, terminal, platform } = invocation;
    const countMax = options.number('count', { min: 1, max: 1e9, isInteger: true }) ?? Number.POSITIVE_INFINITY;
    const filter = filterOf(invocation);
    const start = startOf(options.text('from'), platform.clock.now());
    const view = terminal.isOutputTerminal && !options.isSet('json') ? new LiveView(platform.clock, terminal) : undefined;
    let count = 0;
    try {
      await untilInterrupted(terminal, async (signal) => {
        let place: Record<string, string> = start;
        view?.begin();
        // The first look goes to where it begins, and does not wait there.
        for (let wait = 0; count < countMax; wait = waitMs) {
          const query = { ...filter, ...place, waitMs: String(wait) };
          const page = await administer(invocation, { method: 'GET', path: hubPath(invocation, '/hub/events', query), signal });
          for (const event of eventsOf(page).slice(0, countMax - count)) {
            show(invocation, view, event);
            count += 1;
          }
          place = { from: String(page.next) };
        }
      });
    } finally {
      view?.end();
    }
  },
};

function show({ options, terminal }: Invocation, view: LiveView | undefined, event: JsonObject): void {
  const described = describeEvent(event);
  if (view) view.show(eventLine(described, '  '), String(event.deviceId));
  else if (options.isSet('json')) printJsonLine(terminal, described);
  else terminal.print(eventLine(described, '\t'));
}

function eventsOf(page: JsonObject): JsonObject[] {
  return Array.isArray(page.value) ? page.value.filter(isJsonObject) : [];
}

function filterOf({ options }: Invocation): Record<string, string> {
  const deviceId = options.text('device-id');
  const source = options.text('source');
  return { ...(deviceId !== undefined && { deviceId }), ...(source !== undefined && { source }) };
}
