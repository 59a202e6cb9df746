import { type AmqpTestClient, errorIn, frameOf, no, nothing, outcomeOf, uint, yes } from '#test/support/amqp-client.ts';
import { type Frame, performative } from '#wire/amqp/frame-reader.ts';
import { decodeMessage } from '#wire/amqp/message.ts';
import { type AmqpRow, handles } from './amqp-rows.ts';
import { type Facts, inTime } from './hostile-ground.ts';

/** Asks the session how it stands: its answer comes behind that of everything before. */
const echo = frameOf(performative.flow, [uint(0), uint(1000), uint(0), uint(1000), nothing, nothing, nothing, nothing, no, yes]);

/** What comes back on a connection on which a row was sent, in words. */
export async function amqpAnswer(client: AmqpTestClient, row: AmqpRow, facts: Facts): Promise<string[]> {
  try {
    await prepare(client, row, facts);
    client.frames.length = 0;
    client.write(row.send(facts));
    if (row.as !== 'stranger') client.write(echo);
    await inTime(
      client.until(() => {
        const answer = describe(client);
        return answer.some((word) => word.startsWith('close')) || (isEchoed(client) && answer.length >= row.answer.length);
      }),
      () => describe(client),
    );
    const answer = describe(client);
    return answer.some((word) => word.startsWith('close')) || !client.isEnded ? answer : [...answer, 'end'];
  } finally {
    client.stream.destroy();
  }
}

async function prepare(client: AmqpTestClient, { as }: AmqpRow, { hostName }: Facts): Promise<void> {
  if (as === 'stranger') return;
  client.open({ hostName });
  if (as === 'cbs') {
    client.cbs();
    await client.next(performative.flow);
    return;
  }
  client.attach({ handle: handles.events, address: '/devices/odd/messages/events', isSender: true });
  client.attach({ handle: handles.twinRequests, address: '/devices/odd/twin', isSender: true });
  client.attach({ handle: handles.twinAnswers, address: '/devices/odd/twin', isSender: false });
  client.attach({ handle: handles.methodAnswers, address: '/devices/odd/methods/devicebound', isSender: true });
  client.flow(handles.twinAnswers, 10);
  // Credit for each of the three on which we send: all are open.
  for (let links = 0; links < 3; links++) await client.next(performative.flow);
}

const isEchoed = ({ frames }: AmqpTestClient): boolean =>
  frames.some(({ code, fields }) => code === performative.flow && (fields[4] ?? null) === null);

function describe({ frames }: AmqpTestClient): string[] {
  return frames.map(describeFrame).filter((word) => word !== undefined);
}

function describeFrame(frame: Frame): string | undefined {
  switch (frame.code) {
    case 0x44:
      return `sasl ${frame.fields[0]}`;
    case performative.close:
    case performative.detach: {
      const kind = frame.code === performative.close ? 'close' : 'detach';
      return `${kind} ${errorIn(frame).condition}`;
    }
    case performative.disposition:
      return outcomeOf(frame) === 0x24 ? 'accepted' : `rejected ${errorIn(frame).condition}`;
    case performative.transfer: {
      const { application, annotations } = decodeMessage(frame.payload);
      return `reply ${application.get('status-code') ?? annotations.get('status')}`;
    }
    default:
      return undefined;
  }
}
