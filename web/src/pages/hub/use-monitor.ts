import { useEffect, useRef, useState } from 'react';
import { type StreamState, useHubMessages } from '../../api/hub-messages.ts';
import { gapWords, keptMax, type MonitorEntry, skippedWords, withFresh } from './message-buffer.ts';

/** How often the page is drawn anew while messages come. */
const drawMs = 300;

export type Monitor = {
  state: StreamState;
  entries: readonly MonitorEntry[];
  isPaused: boolean;
  /** Came while paused, and is shown on going on. */
  waitingCount: number;
  pause(): void;
  goOn(): void;
  clear(): void;
  tryAgain(): void;
};

/** The messages of a hub as they come, so many of them as are kept. */
export function useMonitor(hub: string, device: string): Monitor {
  const [entries, setEntries] = useState<readonly MonitorEntry[]>([]);
  const [isPaused, setPaused] = useState(false);
  const [waitingCount, setWaitingCount] = useState(0);
  const [attempt, setAttempt] = useState(0);
  const waiting = useRef<MonitorEntry[]>([]);
  const noted = useRef(0);
  const wait = (entry: MonitorEntry) => {
    waiting.current.push(entry);
    if (waiting.current.length > keptMax) waiting.current.shift();
  };
  const note = (text: string) => wait({ key: `note-${noted.current++}`, note: text });
  const state = useHubMessages(hub, device, attempt, {
    onMessage: (message) => wait({ key: String(message.position), message }),
    onSkipped: (count) => note(skippedWords(count)),
    onGap: () => note(gapWords),
  });
  useEffect(() => {
    const timer = setInterval(() => {
      if (isPaused) {
        setWaitingCount(waiting.current.length);
        return;
      }
      const fresh = waiting.current;
      waiting.current = [];
      setWaitingCount(0);
      setEntries((shown) => withFresh(shown, fresh));
    }, drawMs);
    return () => clearInterval(timer);
  }, [isPaused]);
  return {
    state,
    entries,
    isPaused,
    waitingCount,
    pause: () => setPaused(true),
    goOn: () => setPaused(false),
    clear: () => {
      waiting.current = [];
      setEntries([]);
    },
    tryAgain: () => setAttempt(attempt + 1),
  };
}
