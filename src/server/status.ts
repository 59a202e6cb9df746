/** What `homeport status --json` prints, and what tests and scripts build upon. What does not exist yet is absent. */
export type ServerStatus = {
  version: string;
  /** Process id of the server. */
  pid: number;
  startedAt: string;
  dataDirectory: string;
  /** Where it listens. */
  address: string;
  /** The file to trust. */
  ca: string;
  hub: {
    hostName: string;
    mqttPort: number;
    httpsPort: number;
    events: { partitions: number; state: string; start: number; end: number };
  };
  dps: { hostName: string; idScope: string; mqttPort: number; httpsPort: number };
  central: { url: string; applicationId: string; apiToken?: string };
  sphere: { url: string; tenantId: string };
};
