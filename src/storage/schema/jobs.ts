/** A job over many devices or modules. */
export type HubJobRow = {
  hub: string;
  job_id: string;
  /** scheduleUpdateTwin or scheduleDeviceMethod: also in `work`, here for lists of one kind. */
  type: string;
  /** What is done to each, as JSON (hub/jobs/job.ts). */
  work: string;
  query_condition: string;
  /** queued, scheduled, running, completed, failed or cancelled. */
  status: string;
  created_at: number;
  start_at: number;
  max_execution_ms: number;
  started_at: number | null;
  ended_at: number | null;
  failure_reason: string | null;
  /** How far its targets were gathered; null before the first. */
  cursor: string | null;
  /** Every target has a row. */
  is_gathered: number;
};

/** The part of one device or module in a job. */
export type HubJobTargetRow = {
  hub: string;
  job_id: string;
  /** `{device}` or `{device}/{module}`. */
  identity: string;
  device_id: string;
  /** pending, running, completed, failed or canceled. */
  status: string;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  updated_at: number;
  /** What a device answered to a method, as JSON. */
  outcome: string | null;
  /** Why it failed, as JSON: code, reason and message of the Problem. */
  error: string | null;
};

export type JobTables = { hub_job: HubJobRow; hub_job_target: HubJobTargetRow };
