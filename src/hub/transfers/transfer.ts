import type { Instant } from '#base/instant.ts';

/** What a back end asks for (hub-service-protocol.md 4.8). */
export type TransferRequest = {
  readonly type: 'import' | 'export';
  /** Where the lines of an import are. */
  readonly inputContainerUri?: string;
  readonly inputBlobName: string;
  /** Where an export goes, and the log of an import's errors. */
  readonly outputContainerUri: string;
  readonly outputBlobName: string;
  readonly isWithoutKeys: boolean;
  readonly isWithConfigurations: boolean;
  readonly configurationsBlobName: string;
};

export const transferStatuses = ['enqueued', 'running', 'completed', 'failed', 'cancelled'] as const;
export type TransferStatus = (typeof transferStatuses)[number];

/** An import or an export of the registry. */
export type Transfer = {
  readonly jobId: string;
  readonly request: TransferRequest;
  readonly status: TransferStatus;
  readonly createdAt: Instant;
  readonly startedAt?: Instant;
  readonly endedAt?: Instant;
  /** Percent. */
  readonly progress: number;
  readonly linesDone: number;
  readonly failureReason?: string;
};

/** A line that was refused. */
export type LineFailure = {
  readonly line: number;
  readonly id: string;
  readonly moduleId: string | null;
  readonly errorCode: string;
  readonly errorStatus: string;
};

export type NumberedLine = { readonly line: number; readonly text: string };

/** How identities and configurations are written as lines, and read: the service's words for them. */
export type TransferLines = {
  /** Devices behind `after`, each followed by its modules; without `through` that were the last. */
  exportDevices(after: string, isWithoutKeys: boolean): Promise<{ lines: readonly string[]; through?: string; count: number }>;
  exportConfigurations(): Promise<readonly string[]>;
  /** Applies lines, each by its import mode; answers those that were refused. */
  importDevices(lines: readonly NumberedLine[]): Promise<readonly LineFailure[]>;
  importConfigurations(lines: readonly NumberedLine[]): Promise<readonly LineFailure[]>;
};

/** Blobs in the containers that a transfer may use. */
export type TransferFiles = {
  /** Throws Problem `argument-invalid` for a container that is none of this hub's. */
  check(containerUri: string): void;
  /** Undefined when there is no such blob. */
  read(containerUri: string, name: string): Promise<{ bytes: number; pieces: AsyncIterable<Buffer> } | undefined>;
  /** There when it resolves, whole; whoever throws in `pieces` leaves nothing. */
  write(containerUri: string, name: string, pieces: AsyncIterable<Buffer>): Promise<void>;
};
