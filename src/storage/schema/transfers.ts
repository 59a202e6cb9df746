/** An import or an export of a hub's registry. */
export type HubTransferRow = {
  hub: string;
  job_id: string;
  /** What was asked for, as JSON (hub/transfers/transfer.ts). */
  request: string;
  /** enqueued, running, completed, failed or cancelled. */
  status: string;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  /** Percent. */
  progress: number;
  /** Lines of an import that were applied or refused: a restart goes on behind them. */
  lines_done: number;
  failure_reason: string | null;
};

/** A line of an import that was refused. */
export type HubTransferFailureRow = {
  hub: string;
  job_id: string;
  /** From 1. */
  line: number;
  /** JSON: which identity, and why. */
  failure: string;
};

export type TransferTables = { hub_transfer: HubTransferRow; hub_transfer_failure: HubTransferFailureRow };
