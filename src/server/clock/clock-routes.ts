import { z } from 'zod';
import { type Clock, pause } from '#base/clock.ts';
import { parseInstant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';
import type { ClockControl } from './clock-control.ts';

const route = defineRoute<UserCaller, Permission>();
const instantText = z.string().max(64);
/** A long way takes longer than clients wait for an answer: they are told that it moves, and ask again. */
const answerMsMax = 10_000;

/** The clock, through the administration socket alone: moving it ends sessions and certificates. */
export function clockRoutes(real: Clock, clock: ClockControl): Route<UserCaller, Permission>[] {
  const awhile = async (motion: Promise<void>) => {
    const failure = motion.then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    const failed = await Promise.race([failure, pause(real, answerMsMax)]);
    if (failed) throw failed.error;
    return { json: clock.describe() };
  };
  return [
    route({
      method: 'GET',
      path: '/clock',
      permission: 'sphere.administer',
      summary: 'What the server’s clock shows, how far it is ahead, and whether it moves',
      handle: async () => ({ json: clock.describe() }),
    }),
    route({
      method: 'POST',
      path: '/clock/advance',
      permission: 'sphere.administer',
      summary: 'Moves the clock forward by a span; answers when it is there, or after ten seconds',
      body: z.strictObject({ ms: z.number() }),
      handle: ({ body }) => awhile(clock.advance(body.ms)),
    }),
    route({
      method: 'POST',
      path: '/clock/set',
      permission: 'sphere.administer',
      summary: 'Moves the clock forward to an instant; answers when it is there, or after ten seconds',
      body: z.strictObject({ at: instantText }),
      handle: async ({ body }) => awhile(clock.set(readInstant(body.at))),
    }),
    route({
      method: 'POST',
      path: '/clock/run',
      permission: 'sphere.administer',
      summary: 'Lets the clock go faster from now on',
      body: z.strictObject({ speed: z.number(), until: instantText.optional() }),
      async handle({ body }) {
        clock.run(body.speed, body.until === undefined ? undefined : readInstant(body.until));
        return { json: clock.describe() };
      },
    }),
    route({
      method: 'POST',
      path: '/clock/stop',
      permission: 'sphere.administer',
      summary: 'Ends what moves the clock; it goes on from where it is',
      async handle() {
        await clock.stop();
        return { json: clock.describe() };
      },
    }),
  ];
}

function readInstant(text: string) {
  const at = parseInstant(text);
  if (at !== undefined) return at;
  throw new Problem('argument-invalid', `'${text.slice(0, 64)}' is no instant such as 2027-01-31T12:00:00Z.`);
}
