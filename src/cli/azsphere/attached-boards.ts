import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { resolveDataDirectory } from '#base/data-directory.ts';
import { parseJson } from '#base/json.ts';
import { printable } from '#base/printable.ts';
import { CommandFailure } from '#cli/kit/failure.ts';
import { requestHttp } from '#cli/kit/http-client.ts';
import type { Terminal } from '#cli/kit/terminal.ts';
import {
  type BoardClaimReply,
  type BoardClaimRequest,
  boardClaimReplySchema,
  boardErrorSchema,
  boardPaths,
  boardSocketSuffix,
  type SecurityState,
  securityStateSchema,
} from '#sphere/contract/attached-board.ts';

/** A board that answers on a socket below the data directory. */
export type AttachedBoard = {
  /** 128 lower-case hex characters. */
  readonly deviceId: string;
  readonly securityState: SecurityState['securityState'];
  /** Its socket: what the original calls the connection path. */
  readonly connectionPath: string;
};

/** The boards that answer now, in the order of their sockets' names. A socket nobody listens on is no board. */
export async function listAttachedBoards(terminal: Terminal): Promise<AttachedBoard[]> {
  const { devicesDirectory } = resolveDataDirectory(terminal.environment);
  const boards = await Promise.all(socketNames(devicesDirectory).map((name) => readBoard(join(devicesDirectory, name))));
  return boards.filter((board) => board !== undefined);
}

/** The only attached board, or the one that `wanted` names by device id or connection path (sphere.md 4.5). */
export function chooseBoard(boards: readonly AttachedBoard[], wanted: string | undefined): AttachedBoard {
  if (wanted !== undefined) {
    const board = boards.find((candidate) => candidate.deviceId === wanted.toLowerCase() || candidate.connectionPath === wanted);
    if (board) return board;
    throw new CommandFailure('notFound', `No attached device has the ID or connection path '${printable(wanted)}'.`, {
      fix: 'azsphere device list-attached',
    });
  }
  const [only] = boards;
  if (!only) {
    throw new CommandFailure('notFound', 'No device is attached.', { fix: 'homeport simulate --app d1' });
  }
  if (boards.length === 1) return only;
  throw new CommandFailure('usage', `${boards.length} devices are attached.`, {
    why: 'Say which one with --device: its ID or connection path.',
    fix: 'azsphere device list-attached',
  });
}

/** Hands a claim code to a board, which signs with its identity key and posts its evidence itself. */
export async function claimBoard(board: AttachedBoard, request: BoardClaimRequest): Promise<BoardClaimReply> {
  const answer = await requestHttp(
    { socketPath: board.connectionPath },
    { method: 'POST', path: boardPaths.claims, json: request },
  );
  const body = parseJson(answer.body);
  const reply = boardClaimReplySchema.safeParse(body);
  if (answer.status === 200 && reply.success) return reply.data;
  const error = boardErrorSchema.safeParse(body);
  const code = error.success ? error.data.error.code : `status ${answer.status}`;
  const message = error.success ? printable(error.data.error.message, 500) : 'The board gave no reason.';
  throw new CommandFailure(
    answer.status === 409 ? 'conflict' : answer.status === 502 ? 'network' : 'failed',
    'The device was not claimed.',
    {
      why: `${message} (${printable(code)})`,
    },
  );
}

function socketNames(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(boardSocketSuffix))
      .sort();
  } catch {
    return [];
  }
}

async function readBoard(socketPath: string): Promise<AttachedBoard | undefined> {
  try {
    const answer = await requestHttp({ socketPath }, { method: 'GET', path: boardPaths.securityState });
    const { deviceIdentifier, securityState } = securityStateSchema.parse(parseJson(answer.body));
    if (!/^[0-9a-fA-F]{128}$/.test(deviceIdentifier)) return undefined;
    return { deviceId: deviceIdentifier.toLowerCase(), securityState, connectionPath: socketPath };
  } catch {
    return undefined;
  }
}
