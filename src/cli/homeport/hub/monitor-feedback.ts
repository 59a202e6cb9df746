import { isJsonObject, type JsonObject } from '#base/json.ts';
import { printable } from '#base/printable.ts';
import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { askHub } from './ask-hub.ts';
import { hubOption, hubPath } from './hub-option.ts';
import { jsonLinesOption, printJsonLine, untilInterrupted } from './until-interrupted.ts';

const waitMs = 10_000;

export const monitorFeedbackCommand: Command = {
  options: [{ name: 'count', value: 'N', summary: 'Ends once it has shown this many or more' }, hubOption, jsonLinesOption],
  examples: ['homeport hub monitor-feedback', 'homeport hub monitor-feedback --count 1 --json'],
  notes: [
    'Ctrl-C ends it. What it shows is done with: no other reader of feedback gets it. Whoever sends a message asks for',
    'feedback: homeport hub c2d send -d dev1 --body hello --message-id m-1 --ack full',
  ],
  async run(invocation) {
    const { options, terminal } = invocation;
    const countMax = options.number('count', { min: 1, max: 1e9, isInteger: true }) ?? Number.POSITIVE_INFINITY;
    let count = 0;
    await untilInterrupted(terminal, async (signal) => {
      while (count < countMax) {
        const path = hubPath(invocation, '/hub/feedback', { waitMs: String(waitMs) });
        const { lockToken, value } = await administer(invocation, { method: 'GET', path, signal });
        const records = Array.isArray(value) ? value.filter(isJsonObject) : [];
        for (const record of records) {
          if (options.isSet('json')) printJsonLine(terminal, record);
          else terminal.print(feedbackLine(record, terminal.isOutputTerminal ? '  ' : '\t'));
        }
        count += records.length;
        // Only now: what was not shown is somebody else's to show.
        if (typeof lockToken === 'string') {
          await askHub(invocation, { method: 'DELETE', path: `/messages/serviceBound/feedback/${lockToken}` });
        }
      }
    });
  },
};

function feedbackLine(record: JsonObject, gap: string): string {
  const { enqueuedTimeUtc, deviceId, moduleId, originalMessageId, statusCode, description } = record;
  const who = moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;
  const parts = [enqueuedTimeUtc, who, originalMessageId === '' ? '(no message id)' : originalMessageId, statusCode, description];
  return parts.map((part) => printable(String(part))).join(gap);
}
