/** Who starts and stops services on this machine. Every verb throws Problem with what the manager said of it. */
export type ServiceManager = {
  /** As people know it; stands in what connect prints. */
  readonly name: string;
  /** Whether `enable` makes a service start with the machine; one that cannot is not asked to. */
  readonly startsOnBoot: boolean;
  /** Whether the manager has a service of this name. */
  knows(service: string): Promise<boolean>;
  start(service: string): Promise<void>;
  /** Starts it as well when it does not run. */
  restart(service: string): Promise<void>;
  /** Of a service that does not run, too. */
  stop(service: string): Promise<void>;
  enable(service: string): Promise<void>;
  disable(service: string): Promise<void>;
  isActive(service: string): Promise<boolean>;
};
