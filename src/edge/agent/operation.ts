import type { JsonObject } from '#base/json.ts';
import { Problem } from '#base/problem.ts';

/** What the agent hands to an operation beside the request. */
export type Work = {
  /** Of the command. */
  readonly id: string;
  /** Aborted when the agent stops: what has not ended by then is looked at again at the next start. */
  readonly signal: AbortSignal;
};

/** One thing that can be asked of this device (thin-edge.md 13). */
export type Operation = {
  readonly name: string;
  /** What is told of it before anybody asks, such as the types that it knows. */
  capability(): Promise<JsonObject>;
  /** Resolves with what the command's state gets in addition. What it throws becomes the reason of its failure. */
  run(request: JsonObject, work: Work): Promise<JsonObject>;
  /** What is kept beside the command before it runs, for `resume`. */
  prepare?(): Promise<JsonObject>;
  /** Judges work in which the agent ended. Without it such a command has failed: nobody knows how far it came. */
  resume?(kept: JsonObject, work: Work): Promise<JsonObject>;
};

/** A failure of which parts are told one by one. */
export class PartialFailure extends Problem {
  readonly details: JsonObject;

  constructor(reason: string, details: JsonObject) {
    super('unavailable', reason);
    this.details = details;
  }
}
