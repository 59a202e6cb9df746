import { type Refusal, type RefusalReason, refuse } from './verdict.ts';

const reasons: Readonly<Record<string, RefusalReason>> = {
  'malformed-packet': 'message-malformed',
  'packet-too-large': 'message-too-large',
};

/**
 * What somebody sent who was let in, and why it ended the connection, in the form in which refusals
 * are kept. `closeReason` is the wire's own word for it.
 */
export function violationOf(closeReason: string, detail: string): Refusal {
  return refuse(reasons[closeReason] ?? 'protocol-violation', detail || closeReason).refusal;
}
