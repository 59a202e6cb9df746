import type { RoutedEvent } from './routed-event.ts';

/**
 * Why an event did not get there. `unreachable`: nobody took a look, and it is tried until somebody does. `failed`: somebody did
 * and broke down, which may be the event's doing. `refused`: it was looked at and will never be taken.
 */
export type PushFailure = {
  readonly kind: 'unreachable' | 'failed' | 'refused';
  /** For people, without secrets. */
  readonly reason: string;
  /** It is about the first event alone, and not about any of those that came with it. */
  readonly isOfFirst?: boolean;
};

/** How many were taken, from the first on, and what became of the next. */
export type PushAnswer = { readonly delivered: number; readonly failure?: PushFailure };

/** Hands events to somebody outside, in their order. */
export type PushClient = {
  push(events: readonly RoutedEvent[]): Promise<PushAnswer>;
  close(): void;
};
