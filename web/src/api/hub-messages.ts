import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { HubMessage, HubMessageEvents } from './contract.ts';
import { apiPath, withQuery } from './http.ts';
import { hubKeys } from './hubs.ts';
import { sessionKey } from './session.ts';

/** `refused`: the server answered with an error, and the browser does not try again by itself. */
export type StreamState = 'opening' | 'open' | 'interrupted' | 'refused';

export type MessageListener = { onMessage(message: HubMessage): void; onSkipped(count: number): void; onGap(): void };

/**
 * Follows what devices send to the hub while the component is mounted; with `device`, only that one. Another
 * `attempt` opens the stream anew. After an interruption `onGap` is called: what was sent meanwhile is not here.
 */
export function useHubMessages(hub: string, device: string, attempt: number, listener: MessageListener): StreamState {
  // Of which stream it is the state: on the way to another one, the old one's says nothing.
  const stream = `${hub} ${device} ${attempt}`;
  const [seen, setSeen] = useState<{ stream: string; state: StreamState }>({ stream, state: 'opening' });
  const queryClient = useQueryClient();
  const latest = useRef(listener);
  latest.current = listener;
  // biome-ignore lint/correctness/useExhaustiveDependencies: hub, device and attempt are what makes it another stream
  useEffect(() => {
    const query = device === '' ? {} : { device };
    const source = new EventSource(withQuery(`/api/ui/${apiPath('hubs', hub, 'messages')}`, query));
    let wasOpen = false;
    const setState = (state: StreamState) => setSeen({ stream, state });
    setState('opening');
    source.onopen = () => {
      if (wasOpen) latest.current.onGap();
      wasOpen = true;
      setState('open');
    };
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return setState('interrupted');
      setState('refused');
      // The browser does not say why. If the session ended or the hub is gone, these will.
      void queryClient.invalidateQueries({ queryKey: sessionKey });
      void queryClient.invalidateQueries({ queryKey: hubKeys.list });
    };
    // Our own server wrote the data from the same contract.
    source.addEventListener('message', (event) => latest.current.onMessage(JSON.parse(event.data) as HubMessage));
    source.addEventListener('skipped', (event) =>
      latest.current.onSkipped((JSON.parse(event.data) as HubMessageEvents['skipped']).count),
    );
    return () => source.close();
  }, [stream]);
  return seen.stream === stream ? seen.state : 'opening';
}
