import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { eventually } from '#test/support/eventually.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { OpenAnswers } from './open-answers.ts';

test('a peer that goes away leaves none of the answers that it was owed behind, also those that waited in line', async (t) => {
  const answers = new OpenAnswers(new ManualClock(), { httpAnswerMsMax: 60_000, httpPipelinedMax: 100 });
  // The first is never answered, so the others wait behind it, whole.
  const server = createServer(({ url }, response) => {
    if (answers.admit(response, response.req.socket) && url !== '/0') response.end('here');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close().closeAllConnections());
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(Array.from({ length: 20 }, (_, index) => `GET /${index} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join(''));
  await eventually(() => answers.count === 20 || undefined);
  socket.destroy();
  await eventually(() => answers.count === 0 || undefined);
});
