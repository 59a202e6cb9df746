import type { JsonObject } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { printable } from '#base/printable.ts';
import { Problem } from '#base/problem.ts';
import { type Command, isFinal } from '../entities/command.ts';
import type { CommandJournal, KeptCommand } from './command-journal.ts';
import { commandBytesMax, reasonCharactersMax } from './limits.ts';
import { type Operation, PartialFailure } from './operation.ts';

export type CommandQueueOptions = {
  readonly operations: ReadonlyMap<string, Operation>;
  readonly journal: CommandJournal;
  /** Commands that are kept, under way or ended and not cleared. */
  readonly keptMax: number;
  /** Says a state, once it is on disk. */
  readonly tell: (operation: string, id: string, command: Command) => void;
  readonly onEnd: () => Promise<void>;
};

/**
 * Works through commands, one at a time, in the order in which they came. A command that was taken on goes on after the agent was ended, or has
 * failed if it had begun.
 */
export class CommandQueue {
  readonly #platform: Platform;
  readonly #options: CommandQueueOptions;
  readonly #stopping = new AbortController();
  readonly #waiting: KeptCommand[] = [];
  /** What was cleared while it ran, so nobody wants to hear how it ended. */
  readonly #forgotten = new Set<string>();
  #working: Promise<void> | undefined;

  constructor(platform: Platform, options: CommandQueueOptions) {
    this.#platform = platform;
    this.#options = options;
  }

  /** Resolves when what the last run left behind has been looked at. */
  async start(): Promise<void> {
    const { journal, operations } = this.#options;
    for (const kept of journal.all) {
      if (isFinal(kept.command)) continue;
      const operation = operations.get(kept.operation);
      if (!operation) await this.#end(kept, failure('The operation was turned off before it ended.'));
      else if (kept.command.status === 'executing' && !operation.resume) {
        await this.#end(kept, failure('The agent ended while this ran; nobody knows how far it came.'));
      } else this.#waiting.push(kept);
    }
    this.#work();
  }

  /** What runs is aborted, and looked at again at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#working;
  }

  /** Takes a command on. Throws Problem where too many wait, or the disk does not take it. */
  async accept(operation: string, id: string, command: Command): Promise<void> {
    const { journal, tell } = this.#options;
    const known = journal.find(operation, id);
    if (known) return tell(operation, id, known.command);
    await this.#makeRoom();
    const kept = await journal.put({ operation, id, command: { ...command, status: 'scheduled' } });
    this.#waiting.push(kept);
    tell(operation, id, kept.command);
    this.#work();
  }

  /** What has not begun does not, and what runs ends unheard. */
  async forget(operation: string, id: string): Promise<void> {
    const { journal } = this.#options;
    const index = this.#waiting.findIndex((kept) => kept.operation === operation && kept.id === id);
    if (index >= 0) this.#waiting.splice(index, 1);
    const known = journal.find(operation, id);
    if (!known) return;
    if (index < 0 && !isFinal(known.command)) this.#forgotten.add(`${operation}/${id}`);
    else await journal.remove(known);
  }

  async #makeRoom(): Promise<void> {
    const { journal, keptMax } = this.#options;
    if (journal.all.length < keptMax) return;
    const oldest = journal.all.find(({ command }) => isFinal(command));
    if (!oldest) throw new Problem('quota-exceeded', `${keptMax} commands wait already.`);
    await journal.remove(oldest);
  }

  #work(): void {
    this.#working ??= this.#workThrough().finally(() => {
      this.#working = undefined;
      // What came between the last look and now.
      if (this.#waiting.length > 0 && !this.#stopping.signal.aborted) this.#work();
    });
  }

  async #workThrough(): Promise<void> {
    for (let next = this.#waiting.shift(); next && !this.#stopping.signal.aborted; next = this.#waiting.shift()) {
      await this.#workOn(next);
    }
  }

  async #workOn(kept: KeptCommand): Promise<void> {
    const operation = this.#options.operations.get(kept.operation);
    if (!operation) return;
    const { signal } = this.#stopping;
    let outcome: JsonObject;
    try {
      const work = { id: kept.id, signal };
      if (kept.command.status === 'executing') outcome = (await operation.resume?.(kept.kept ?? {}, work)) ?? {};
      else {
        await this.#begin(kept, await operation.prepare?.());
        const { status: _status, ...request } = kept.command;
        outcome = await operation.run(request, work);
      }
      outcome = { ...outcome, status: 'successful' };
    } catch (error) {
      // Stopped in the middle: the next start says what became of it.
      if (signal.aborted) return;
      outcome = { ...failure(error), ...(error instanceof PartialFailure ? error.details : {}) };
    }
    await this.#end(kept, outcome);
  }

  async #begin(kept: KeptCommand, prepared: JsonObject | undefined): Promise<void> {
    const { operation, id } = kept;
    const command = { ...kept.command, status: 'executing' };
    await this.#options.journal.put({ operation, id, command, ...(prepared === undefined ? {} : { kept: prepared }) });
    this.#options.tell(operation, id, command);
    this.#platform.log.info('agent.command-begun', { operation, id });
  }

  async #end(kept: KeptCommand, outcome: JsonObject): Promise<void> {
    const { operation, id } = kept;
    const { journal, tell, onEnd } = this.#options;
    const command = fitting(kept.command, outcome);
    this.#platform.log.info('agent.command-ended', { operation, id, status: command.status });
    if (this.#forgotten.delete(`${operation}/${id}`)) return journal.remove(kept);
    try {
      await journal.put({ operation, id, command });
    } catch (error) {
      // Said all the same: it did happen. After a restart it will be said to have been interrupted.
      this.#platform.log.error('agent.journal-failed', { operation, id, error: String(error) });
    }
    tell(operation, id, command);
    await onEnd();
  }
}

/** The last state of a command. A larger one would end the connection to the broker each time that it is said. */
function fitting(request: Command, outcome: JsonObject): Command {
  const command: Command = { ...request, ...outcome, status: outcome.status === 'successful' ? 'successful' : 'failed' };
  const bytes = Buffer.byteLength(JSON.stringify(command));
  if (bytes <= commandBytesMax) return command;
  const tooLarge = `The result has ${bytes} bytes; at most ${commandBytesMax} can be told.`;
  return { ...request, ...failure(outcome.status === 'failed' ? outcome.reason : tooLarge) };
}

/** The state of a command that failed, with its reason on one line. */
export function failure(error: unknown): { readonly status: 'failed'; readonly reason: string } {
  const reason = error instanceof Error ? error.message : String(error);
  return { status: 'failed', reason: printable(reason.replace(/\s+/g, ' ').trim(), reasonCharactersMax) };
}
