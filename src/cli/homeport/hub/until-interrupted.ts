import type { JsonObject } from '#base/json.ts';
import type { OptionSpec } from '../../kit/command.ts';
import type { Terminal } from '../../kit/terminal.ts';
import { formatJson } from '../json-output.ts';

export const jsonLinesOption: OptionSpec = { name: 'json', summary: 'Print one JSON document a line and nothing else' };

export function printJsonLine(terminal: Pick<Terminal, 'print'>, document: JsonObject): void {
  terminal.print(formatJson(document, 0));
}

/** Does `work` until it is done or the person presses Ctrl-C, which is how it is meant to end. */
export async function untilInterrupted(
  terminal: Pick<Terminal, 'onInterrupt'>,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  const cancel = terminal.onInterrupt(() => controller.abort());
  try {
    await work(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
  } finally {
    cancel();
  }
}
