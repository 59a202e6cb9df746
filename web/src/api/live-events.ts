import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { commandKeys } from './commands.ts';
import type { DeviceDetail, DeviceRow, UiEventName, UiEvents } from './contract.ts';
import { dataKeys } from './device-data.ts';
import { deviceKeys } from './devices.ts';
import { groupKeys } from './enrollment-groups.ts';
import { withQuery } from './http.ts';
import { propertyKey } from './properties.ts';

type ValuesListener = (points: UiEvents['values']['points']) => void;

const valuesListeners = new Map<string, Set<ValuesListener>>();
const connectionListeners = new Set<() => void>();
let isInterrupted = false;

function setInterrupted(next: boolean): void {
  if (next === isInterrupted) return;
  isInterrupted = next;
  for (const listener of connectionListeners) listener();
}

/** True while the stream of live updates is down and the browser tries again. */
export function useLiveInterrupted(): boolean {
  return useSyncExternalStore(
    (listener) => {
      connectionListeners.add(listener);
      return () => connectionListeners.delete(listener);
    },
    () => isInterrupted,
  );
}

/** Calls `listener` with every new point of the device while the component is mounted. */
export function useLiveValues(deviceId: string, listener: ValuesListener): void {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => {
    const call: ValuesListener = (points) => latest.current(points);
    const set = valuesListeners.get(deviceId) ?? new Set();
    valuesListeners.set(deviceId, set);
    set.add(call);
    return () => {
      set.delete(call);
      if (set.size === 0) valuesListeners.delete(deviceId);
    };
  }, [deviceId]);
}

/**
 * Keeps what is on screen true without reloading. One stream per tab: of everything, or of one
 * device while its page is open, because its points come several times a second.
 */
export function useLiveEvents(deviceId: string | undefined): void {
  const queryClient = useQueryClient();
  useEffect(() => {
    const source = new EventSource(withQuery('/api/ui/events', { device: deviceId }));
    source.onopen = () => {
      setInterrupted(false);
      // What happened between the answers on screen and this moment was told to nobody; ask again.
      void queryClient.invalidateQueries();
    };
    source.onerror = () => setInterrupted(true);
    for (const name of Object.keys(appliers) as UiEventName[]) listen(source, name, queryClient);
    return () => source.close();
  }, [deviceId, queryClient]);
}

function listen<K extends UiEventName>(source: EventSource, name: K, queryClient: QueryClient): void {
  // Our own server wrote the data from the same contract.
  source.addEventListener(name, (event) => appliers[name](queryClient, JSON.parse(event.data) as UiEvents[K]));
}

const appliers: { [K in UiEventName]: (queryClient: QueryClient, data: UiEvents[K]) => void } = {
  device(queryClient, row) {
    queryClient.setQueryData<DeviceRow[]>(deviceKeys.list, (rows) => rows && withRow(rows, row));
    queryClient.setQueryData<DeviceDetail>(deviceKeys.detail(row.id), (detail) => detail && { ...detail, device: row });
    void queryClient.invalidateQueries({ queryKey: deviceKeys.detail(row.id) });
  },
  'device-removed'(queryClient, { id }) {
    queryClient.setQueryData<DeviceRow[]>(deviceKeys.list, (rows) => rows?.filter((row) => row.id !== id));
  },
  group(queryClient, { id }) {
    void queryClient.invalidateQueries({ queryKey: groupKeys.list });
    void queryClient.invalidateQueries({ queryKey: groupKeys.one(id) });
    void queryClient.invalidateQueries({ queryKey: ['refusals'] });
  },
  values(_queryClient, { deviceId, points }) {
    for (const listener of valuesListeners.get(deviceId) ?? []) listener(points);
  },
  changed(queryClient, { deviceId, what }) {
    const key =
      what === 'raw' ? dataKeys.raw(deviceId) : what === 'properties' ? propertyKey(deviceId) : commandKeys.all(deviceId);
    void queryClient.invalidateQueries({ queryKey: key });
  },
};

/** `rows` with `row` in its place, or at the end when it is new. */
export function withRow(rows: DeviceRow[], row: DeviceRow): DeviceRow[] {
  return rows.some((other) => other.id === row.id) ? rows.map((other) => (other.id === row.id ? row : other)) : [...rows, row];
}
