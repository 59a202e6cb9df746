/** What many devices or modules shall become. */
export type HubConfigurationRow = {
  hub: string;
  configuration_id: string;
  /** deviceContent, moduleContent or modulesContent. */
  kind: string;
  /** JSON, as it was sent. */
  content: string;
  target_condition: string;
  priority: number;
  /** JSON object of texts, or null. */
  labels: string | null;
  /** JSON object: queries by name. */
  metric_queries: string;
  /** JSON object: what the queries counted at the last sweep. */
  metric_results: string;
  /** JSON object: what the queries of the system counted then. */
  system_results: string;
  etag: string;
  created_at: number;
  updated_at: number;
  /** Every device was looked at since it was made or changed. */
  is_swept: number;
};

/** That a configuration is meant for a device or a module. */
export type HubConfigurationTargetRow = {
  hub: string;
  /** `{device}` or `{device}/{module}`; of a deployment to an edge device, its `$edgeAgent`. */
  identity: string;
  configuration_id: string;
  device_id: string;
  /** It has the highest priority of those, and its content was written. */
  is_applied: number;
};

export type ConfigurationTables = {
  hub_configuration: HubConfigurationRow;
  hub_configuration_target: HubConfigurationTargetRow;
};
