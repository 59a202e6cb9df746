import { type Cancel, type Clock, pause } from '#base/clock.ts';
import { plus } from '#base/instant.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { MovableClock } from '#base/movable-clock.ts';

const lookMs = 500;
/** While it moves. */
const lookOftenMs = 50;
/** Less is the way of the answer. */
const stepMsMin = 250;

/**
 * The clock of a development server, for a simulator in another process: it is looked at again and again, and followed
 * in one step, since what a device says of a time that has passed at the server is refused there. A server that does
 * not answer leaves the clock going as fast as a real one.
 */
export function followClock(real: Clock, state: JsonObject, ask: () => Promise<JsonObject>): { clock: Clock; cancel: Cancel } {
  const clock = new MovableClock(real, { offsetMs: Number(state.aheadMs), keep: async () => {} });
  let isFollowing = true;
  const follow = async () => {
    let latest = state;
    while (isFollowing) {
      await pause(real, latest.motion === 'still' ? lookMs : lookOftenMs);
      latest = await ask().catch(() => ({}));
      const aheadMs = isJsonObject(latest) && typeof latest.aheadMs === 'number' ? latest.aheadMs : undefined;
      if (aheadMs === undefined || !isFollowing) continue;
      const target = plus(real.now(), aheadMs);
      if (target - clock.now() > stepMsMin) await clock.moveTo(target, { inOneStep: true });
    }
  };
  void follow();
  return {
    clock,
    cancel() {
      isFollowing = false;
    },
  };
}
